using Orleans.Raft.Core;

namespace Orleans.Raft;

/// <summary>The durable logs of all groups of one silo. One writer gathers what all groups have pending into one write and one fsync.</summary>
public interface ILogStore : IAsyncDisposable
{
    /// <summary>Raised once, on a pool thread, when the store stops for good. Hosting hands leadership away.</summary>
    event Action<LogStoreException>? Failed;

    /// <summary>This life of the store.</summary>
    StoreIdentity Identity { get; }

    /// <summary>Groups that have a log here.</summary>
    IReadOnlyCollection<RaftGroupId> Groups { get; }

    /// <summary>
    /// True while more is queued than the store's bound. Hosting then admits no proposals and no entries of MsgApp;
    /// hard states and what needs no disk go on (SAFETY-RULES B9). Cheap enough to ask before every command.
    /// </summary>
    bool IsFull { get; }

    /// <summary>
    /// Takes a group's log over, creating it empty where there is none. Completes after everything queued before for this group is durable;
    /// from then on writes under an older owner number are refused (SAFETY-RULES A12).
    /// </summary>
    ValueTask<GroupLog> OpenAsync(RaftGroupId group, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a batch durable, all of it or, after a crash, possibly none. Batches take effect in the order of the calls.
    /// The continuation never runs on the writer thread. A queue that is full delays completion, never the caller's thread.
    /// </summary>
    /// <param name="batch">Belongs to the store until the task completes; may be reused afterwards. Await the task exactly once.</param>
    /// <exception cref="LogStoreException">The store has failed: whether the batch is durable is unknown, and no later write will succeed.</exception>
    /// <exception cref="FencedException">The batch was written under an owner number that is not the group's latest; nothing was written.</exception>
    /// <exception cref="InvalidOperationException">An operation does not fit the group's log (a gap, or below the first index); nothing was written.</exception>
    ValueTask WriteAsync(WriteBatch batch);

    /// <summary>
    /// Replicas of the group that once lived here and were removed (<see cref="WriteBatch.RemoveGroup"/>). Their numbers are never
    /// used again; a message to one of them is answered "removed" and creates nothing (SAFETY-RULES A9).
    /// </summary>
    IReadOnlyCollection<ReplicaId> GetRemovedReplicas(RaftGroupId group);

    /// <summary>A number under which rows can be kept in the state store that no earlier or later call returns, across restarts too.</summary>
    long NewGeneration();

    /// <summary>Figures and faults, for status pages and for noticing a disk that hangs.</summary>
    LogStoreStatus GetStatus();
}
