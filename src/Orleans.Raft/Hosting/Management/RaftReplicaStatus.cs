namespace Orleans.Raft;

/// <summary>A replica as of a moment.</summary>
/// <param name="Silo">Stable name of the silo that holds it.</param>
/// <param name="Replica">Its number, never used twice in the group.</param>
/// <param name="Role">What it is.</param>
/// <param name="State">How the leader sends to it (<c>replicate</c>, <c>probe</c>, <c>snapshot</c>), or why it can't: <c>unreachable</c>, <c>leaving</c>, a fault.</param>
/// <param name="Match">Highest index that the leader knows to be on its disk; 0 while no leader is known.</param>
/// <param name="Applied">Highest index that it has applied; 0 while it does not answer.</param>
/// <param name="Lag">Committed entries that it has not applied.</param>
[GenerateSerializer]
[Immutable]
[Alias("Orleans.Raft.RaftReplicaStatus")]
public sealed record RaftReplicaStatus(
    string Silo, long Replica, RaftReplicaRole Role, string State, long Match, long Applied, long Lag)
{
    /// <summary>One line: <c>2@s2 Follower replicate match=184 applied=181 lag=2</c>.</summary>
    public string Describe() => FormattableString.Invariant($"{Replica}@{Silo} {Role} {State} match={Match} applied={Applied} lag={Lag}");

    /// <inheritdoc/>
    public override string ToString() => Describe();
}
