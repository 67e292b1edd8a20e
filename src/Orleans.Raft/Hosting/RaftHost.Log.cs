using Microsoft.Extensions.Logging;

namespace Orleans.Raft.Hosting;

/// <content>What the host logs.</content>
internal sealed partial class RaftHost
{
    [LoggerMessage(
        EventId = (int)RaftEvent.HostOpened,
        Level = LogLevel.Information,
        Message = "Raft on {Silo}: store {Store} is open, {Groups} groups are known, {Replicas} have a replica here.")]
    private static partial void LogOpened(ILogger logger, string silo, StoreIdentity store, int groups, int replicas);

    [LoggerMessage(EventId = (int)RaftEvent.HostClosed, Level = LogLevel.Information, Message = "Raft on {Silo}: store is closed.")]
    private static partial void LogClosed(ILogger logger, string silo);

    [LoggerMessage(EventId = (int)RaftEvent.LaneReached, Level = LogLevel.Information, Message = "Lane {Silo} to {Peer}: answers, store {Store}.")]
    private static partial void LogLaneReached(ILogger logger, string silo, string peer, StoreIdentity store);

    [LoggerMessage(EventId = (int)RaftEvent.LaneBroken, Level = LogLevel.Warning, Message = "Lane {Silo} to {Peer}: is broken and will be set up again: {Reason}")]
    private static partial void LogLaneBroken(ILogger logger, string silo, string peer, string reason);

    [LoggerMessage(EventId = (int)RaftEvent.LaneRefused, Level = LogLevel.Debug, Message = "Lane {Silo} from {Peer}: refused something: {Reason}.")]
    private static partial void LogLaneRefused(ILogger logger, string silo, string peer, string reason);

    [LoggerMessage(EventId = (int)RaftEvent.GrainAdopted, Level = LogLevel.Debug, Message = "Replica {Group} on {Silo}: {What}.")]
    private static partial void LogAdopted(ILogger logger, RaftGroupId group, string silo, string what);

    [LoggerMessage(EventId = (int)RaftEvent.GrainNotReached, Level = LogLevel.Warning, Message = "Replica {Group} on {Silo}: its grain could not be asked to adopt it; it runs without.")]
    private static partial void LogNotAdopted(ILogger logger, RaftGroupId group, string silo, Exception exception);
}
