using Orleans.Raft.Core;

namespace Orleans.Raft;

/// <summary>The durable logs of all groups of one silo. One writer gathers what all groups have pending into one write and one fsync.</summary>
public interface ILogStore : IAsyncDisposable
{
    /// <summary>This life of the store.</summary>
    StoreIdentity Identity { get; }

    /// <summary>Groups that have a log here.</summary>
    IReadOnlyCollection<RaftGroupId> Groups { get; }

    /// <summary>
    /// Takes a group's log over, creating it empty where there is none. Completes after everything queued before for this group is durable;
    /// from then on writes under an older owner number are refused (SAFETY-RULES A12).
    /// </summary>
    ValueTask<GroupLog> OpenAsync(RaftGroupId group, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a batch durable, all of it or, after a crash, possibly none. Batches take effect in the order of the calls.
    /// The continuation never runs on the writer thread. A queue that is full delays completion, never the caller's thread.
    /// </summary>
    /// <param name="batch">Belongs to the store until the task completes; may be reused afterwards.</param>
    /// <exception cref="LogStoreException">The store has failed: whether the batch is durable is unknown, and no later write will succeed.</exception>
    /// <exception cref="FencedException">The batch was written under an owner number that is not the group's latest; nothing was written.</exception>
    ValueTask WriteAsync(WriteBatch batch);
}

/// <summary>A group's log, opened.</summary>
/// <param name="Group">Which group.</param>
/// <param name="Owner">Number under which its writes are accepted until the next open.</param>
/// <param name="Reader">Reads what is written; sees a batch once its write has completed.</param>
public sealed record GroupLog(RaftGroupId Group, long Owner, ILogReader Reader);
