using System.Collections.Immutable;

namespace Orleans.Raft;

/// <summary>A group as of a moment, put together from what its replicas say of themselves.</summary>
/// <param name="Name">Name of its family.</param>
/// <param name="Index">Its number in the family.</param>
/// <param name="Leader">Silo of its leader; null if none is known.</param>
/// <param name="Term">Highest term that was heard of.</param>
/// <param name="Committed">Highest index known to be committed.</param>
/// <param name="Applied">Highest index that the leader has applied.</param>
/// <param name="Replicas">Its replicas, by number.</param>
[GenerateSerializer]
[Immutable]
[Alias("Orleans.Raft.RaftGroupStatus")]
public sealed record RaftGroupStatus(
    string Name, int Index, string? Leader, long Term, long Committed, long Applied, ImmutableArray<RaftReplicaStatus> Replicas)
{
    /// <summary>True when every replica votes, is reachable, and the group has a leader.</summary>
    public bool IsWhole => Leader is not null && Replicas.All(replica => replica.Role is RaftReplicaRole.Leader or RaftReplicaRole.Follower);

    /// <summary>One line: <c>orders/17 leader=s1 term=9 commit=183 applied=183 | 1@s1 Leader … | 2@s2 Follower …</c>.</summary>
    public string Describe() => FormattableString.Invariant($"{Name}/{Index} leader={Leader ?? "none"} term={Term} commit={Committed} applied={Applied}")
        + string.Concat(Replicas.Select(replica => " | " + replica.Describe()));

    /// <inheritdoc/>
    public override string ToString() => Describe();
}
