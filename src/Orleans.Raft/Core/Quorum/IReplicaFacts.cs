namespace Orleans.Raft.Core;

/// <summary>A number per voter, for instance the index it has acknowledged. Implemented by structs, so that quorum arithmetic needs no delegate.</summary>
internal interface IReplicaIndex
{
    /// <summary>The number, or 0 where nothing is known.</summary>
    long IndexOf(ReplicaId id);
}

/// <summary>A vote per voter.</summary>
internal interface IReplicaVotes
{
    /// <summary>The vote, or null where it is missing.</summary>
    bool? VoteOf(ReplicaId id);
}
