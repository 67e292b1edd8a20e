using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <summary>Reads of a group of which the next must go to the replica that answered the last one.</summary>
internal interface IReplicaReads
{
    /// <summary>Which group.</summary>
    RaftGroupId Id { get; }

    /// <summary>Answers a query, linearizably, on one replica, or, with none named, on any.</summary>
    /// <exception cref="RaftException">That replica can't answer it.</exception>
    Task<ReplicaAnswer> ReadOnAsync(ReadOnlyMemory<byte> query, ReplicaId replica, CancellationToken cancellationToken);
}

/// <summary>An answer and whose it is.</summary>
internal readonly record struct ReplicaAnswer(ReplicaId By, ReadOnlyMemory<byte> Answer);
