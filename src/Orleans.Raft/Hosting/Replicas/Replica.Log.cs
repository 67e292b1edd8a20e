using Microsoft.Extensions.Logging;
using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <content>What a replica logs.</content>
internal sealed partial class Replica
{
    [LoggerMessage(
        EventId = (int)RaftEvent.ReplicaRole,
        Level = LogLevel.Information,
        Message = "Replica {Group} {Replica} {Term}: is {Role}, leader is {Leader}.")]
    private static partial void LogSoftState(ILogger logger, RaftGroupId group, ReplicaId replica, long term, RaftRole role, ReplicaId leader);

    [LoggerMessage(
        EventId = (int)RaftEvent.ReplicaFaulted,
        Level = LogLevel.Critical,
        Message = "Replica {Group} {Replica} {Term}: has faulted and stopped. The group goes on without it while a majority is left. Evidence: {Reason}")]
    private static partial void LogFaulted(ILogger logger, RaftGroupId group, ReplicaId replica, long term, string reason);

    [LoggerMessage(
        EventId = (int)RaftEvent.ReplicaDropped,
        Level = LogLevel.Debug,
        Message = "Replica {Group} {Replica} {Term}: dropped what came from {Silo}: {Reason}.")]
    private static partial void LogDropped(ILogger logger, RaftGroupId group, ReplicaId replica, long term, string silo, string reason);

    [LoggerMessage(
        EventId = (int)RaftEvent.ReplicaHandOver,
        Level = LogLevel.Information,
        Message = "Replica {Group} {Replica} {Term}: hands leadership to {To}, since {Reason}: {Result}.")]
    private static partial void LogHandOver(ILogger logger, RaftGroupId group, ReplicaId replica, long term, ReplicaId to, string reason, TransferResult result);

    [LoggerMessage(EventId = (int)RaftEvent.ReplicaHandOver, Level = LogLevel.Warning, Message = "Replica {Group} {Replica} {Term}: its store has failed; tells {To} to campaign.")]
    private static partial void LogGivesWay(ILogger logger, RaftGroupId group, ReplicaId replica, long term, ReplicaId to);

    [LoggerMessage(
        EventId = (int)RaftEvent.ReplicaHeldUp,
        Level = LogLevel.Warning,
        Message = "Replica {Group} {Replica} {Term}: its backing storage holds up {Backlog} committed entries; it refuses more and hands leadership over if somebody can take it.")]
    private static partial void LogHeldUp(ILogger logger, RaftGroupId group, ReplicaId replica, long term, long backlog);

    [LoggerMessage(
        EventId = (int)RaftEvent.NeedsUpgrade,
        Level = LogLevel.Error,
        Message = "Replica {Group} {Replica} {Term}: applies nothing more, since entry {Entry} has a newer format than this silo reads. It votes and stores as before. Upgrade the silo.")]
    private static partial void LogNeedsUpgrade(ILogger logger, RaftGroupId group, ReplicaId replica, long term, EntryId entry);

    [LoggerMessage(EventId = (int)RaftEvent.ReadElsewhere, Level = LogLevel.Debug, Message = "Replica {Group} {Replica}: a read goes to another replica: {Reason}")]
    private static partial void LogElsewhere(ILogger logger, RaftGroupId group, ReplicaId replica, string reason);

    [LoggerMessage(EventId = (int)RaftEvent.LogCompacted, Level = LogLevel.Debug, Message = "Replica {Group} {Replica} {Term}: cuts its log up to {Index}.")]
    private static partial void LogCompacted(ILogger logger, RaftGroupId group, ReplicaId replica, long term, long index);

    [LoggerMessage(EventId = (int)RaftEvent.SnapshotSent, Level = LogLevel.Information, Message = "Replica {Group} {Replica} {Term}: snapshot at {Position} for {To} {What}.")]
    private static partial void LogTransfer(ILogger logger, RaftGroupId group, ReplicaId replica, long term, ReplicaId to, EntryId position, string what);

    [LoggerMessage(EventId = (int)RaftEvent.SnapshotInstalled, Level = LogLevel.Information, Message = "Replica {Group} {Replica} {Term}: snapshot at {Position} is installed.")]
    private static partial void LogInstalled(ILogger logger, RaftGroupId group, ReplicaId replica, long term, EntryId position);

    [LoggerMessage(EventId = (int)RaftEvent.ReplicaDecision, Level = LogLevel.Trace, Message = "Replica {Group} {Replica} {Term}: {Decision}.")]
    private static partial void LogDecision(ILogger logger, RaftGroupId group, ReplicaId replica, long term, TraceEvent decision);

    [LoggerMessage(EventId = (int)RaftEvent.ReplicaSleep, Level = LogLevel.Debug, Message = "Replica {Group} {Replica} {Term}: {What}.")]
    private static partial void LogSleep(ILogger logger, RaftGroupId group, ReplicaId replica, long term, string what);

    private void Drop(DropReason reason, string silo, string detail)
    {
        _settings.Metrics.Dropped(reason);
        LogDropped(_logger, Group, Id, _softTerm, silo, detail);
    }

    /// <summary>Logs what the node decided in this burst; nothing unless the log wanted it when the replica was made.</summary>
    private void LogDecisions()
    {
        while (_node.TryTakeTrace(out var decision))
        {
            LogDecision(_logger, Group, Id, decision.Term, decision);
        }
    }
}
