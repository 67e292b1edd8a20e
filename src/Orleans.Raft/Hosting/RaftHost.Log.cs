using Microsoft.Extensions.Logging;
using Orleans.Raft.Core;
using Orleans.Runtime;

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

    [LoggerMessage(EventId = (int)RaftEvent.LaneRefused, Level = LogLevel.Information, Message = "Lane {Silo} from {Peer}: refused something, {Reason}: {Detail}. More of it is counted, and said again in a while.")]
    private static partial void LogLaneRefused(ILogger logger, string silo, string peer, DropReason reason, string detail);

    [LoggerMessage(EventId = (int)RaftEvent.GrainAdopted, Level = LogLevel.Debug, Message = "Replica {Group} on {Silo}: {What}.")]
    private static partial void LogAdopted(ILogger logger, RaftGroupId group, string silo, string what);

    [LoggerMessage(EventId = (int)RaftEvent.GrainNotReached, Level = LogLevel.Warning, Message = "Replica {Group} on {Silo}: its grain could not be asked to adopt it; it runs without.")]
    private static partial void LogNotAdopted(ILogger logger, RaftGroupId group, string silo, Exception exception);

    [LoggerMessage(EventId = (int)RaftEvent.Born, Level = LogLevel.Information, Message = "Raft on {Silo}: belongs to the cluster {Incarnation} of {Founders} founders; written here: {IsNew}.")]
    private static partial void LogBorn(ILogger logger, string silo, Guid incarnation, bool isNew, int founders);

    [LoggerMessage(EventId = (int)RaftEvent.WaitsForBirth, Level = LogLevel.Warning, Message = "Raft on {Silo}: waits for the cluster's birth: {Reason}.")]
    private static partial void LogWaits(ILogger logger, string silo, string reason);

    [LoggerMessage(EventId = (int)RaftEvent.WaitsForBinding, Level = LogLevel.Warning, Message = "Raft on {Silo}: waits for its store to be bound to its name in the cluster: {Reason}.")]
    private static partial void LogWaitsForBinding(ILogger logger, string silo, string reason);

    [LoggerMessage(EventId = (int)RaftEvent.InitialSilosDiffer, Level = LogLevel.Warning, Message = "Raft on {Silo}: RaftOptions.InitialSilos is [{Configured}]; the cluster was born with [{Born}], and that counts. The option is read at the birth only.")]
    private static partial void LogInitialSilosDiffer(ILogger logger, string silo, string configured, string born);

    [LoggerMessage(EventId = (int)RaftEvent.NeedsUpgrade, Level = LogLevel.Error, Message = "Raft on {Silo}: the cluster's feature level is {Level}, and this silo's binaries know {Known}. Its replicas stop where they meet something newer. Upgrade the silo.")]
    private static partial void LogClusterTooNew(ILogger logger, string silo, int level, int known);

    [LoggerMessage(EventId = (int)RaftEvent.NoFounder, Level = LogLevel.Warning, Message = "Raft on {Silo}: its store is not one of the founders of the cluster {Incarnation}. It holds no replicas yet. If it held some before, its directory was lost or replaced.")]
    private static partial void LogNoFounder(ILogger logger, string silo, Guid incarnation);

    [LoggerMessage(EventId = (int)RaftEvent.FollowingFailed, Level = LogLevel.Critical, Message = "Raft on {Silo}: has stopped following the catalog; restart the silo.")]
    private static partial void LogFollowingFailed(ILogger logger, string silo, Exception exception);

    [LoggerMessage(EventId = (int)RaftEvent.StoreRefused, Level = LogLevel.Critical, Message = "Raft on {Silo}: {Reason}")]
    private static partial void LogStoreRefused(ILogger logger, string silo, string reason);

    [LoggerMessage(EventId = (int)RaftEvent.DoubleSilent, Level = LogLevel.Information, Message = "Raft on {Silo}: membership shows another silo of this name at {Other}, which does not answer and is taken for this one's former process: {Reason}")]
    private static partial void LogDoubleSilent(ILogger logger, string silo, SiloAddress other, string reason);

    [LoggerMessage(EventId = (int)RaftEvent.ConfigurationDiffers, Level = LogLevel.Warning, Message = "Raft on {Silo}: family {Family} is configured with {Groups} groups of {Factor} replicas; it was created with {CreatedGroups} of {CreatedFactor}, and that counts.")]
    private static partial void LogDiffers(ILogger logger, string silo, string family, int groups, int factor, int createdGroups, int createdFactor);

    [LoggerMessage(EventId = (int)RaftEvent.FamilyNotRegistered, Level = LogLevel.Error, Message = "Replica {Group} on {Silo}: is in the store, but its family is not registered; it does not run. Call AddRaftGroup for it.")]
    private static partial void LogFamilyNotRegistered(ILogger logger, RaftGroupId group, string silo);

    [LoggerMessage(EventId = (int)RaftEvent.ReplicaLost, Level = LogLevel.Critical, Message = "Replica {Group} on {Silo}: was made here once and its log is gone. It is not made anew, since it would have forgotten its votes; replace it.")]
    private static partial void LogReplicaLost(ILogger logger, RaftGroupId group, string silo);

    [LoggerMessage(EventId = (int)RaftEvent.DiskHangs, Level = LogLevel.Error, Message = "Raft on {Silo}: a write to the log has been waiting for {Milliseconds:0} ms; the disk counts as hanging and the silo's leaders hand over.")]
    private static partial void LogDiskHangs(ILogger logger, string silo, double milliseconds);

    [LoggerMessage(EventId = (int)RaftEvent.DiskAnswers, Level = LogLevel.Warning, Message = "Raft on {Silo}: the disk answers again.")]
    private static partial void LogDiskAnswers(ILogger logger, string silo);

    [LoggerMessage(EventId = (int)RaftEvent.StoreFailed, Level = LogLevel.Critical, Message = "Raft on {Silo}: the store has failed; all replicas of this silo stop. Their groups go on while a majority is left elsewhere. Mend the disk and restart the silo.")]
    private static partial void LogStoreFailed(ILogger logger, string silo, Exception exception);

    [LoggerMessage(EventId = (int)RaftEvent.CompactionFailed, Level = LogLevel.Error, Message = "Raft on {Silo}: states can't be saved; logs are not cut any more until the silo is restarted.")]
    private static partial void LogCompactionFailed(ILogger logger, string silo, Exception exception);

    [LoggerMessage(EventId = (int)RaftEvent.BoundAnew, Level = LogLevel.Warning, Message = "Raft on {Silo}: store {Store} takes the place of {Former}; the silo's lost replicas are replaced.")]
    private static partial void LogBoundAnew(ILogger logger, string silo, StoreIdentity store, Guid former);

    [LoggerMessage(EventId = (int)RaftEvent.ReplicaPlaced, Level = LogLevel.Information, Message = "Replica {Group} {Replica} on {Silo}: is made, to join its group.")]
    private static partial void LogPlaced(ILogger logger, RaftGroupId group, ReplicaId replica, string silo);

    [LoggerMessage(EventId = (int)RaftEvent.ReplicaErased, Level = LogLevel.Information, Message = "Replica {Group} {Replica} on {Silo}: has left its group; its data is deleted.")]
    private static partial void LogErased(ILogger logger, RaftGroupId group, ReplicaId replica, string silo);

    [LoggerMessage(EventId = (int)RaftEvent.StewardFailed, Level = LogLevel.Debug, Message = "Replica {Group} {Replica}: could not be asked for the next step of its membership: {Reason}.")]
    private static partial void LogStewardFailed(ILogger logger, RaftGroupId group, ReplicaId replica, string reason);
}
