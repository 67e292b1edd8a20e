namespace Orleans.Raft;

/// <summary>A silo as of a moment.</summary>
/// <param name="Silo">Its stable name.</param>
/// <param name="Address">Its address, or null if none is known.</param>
/// <param name="Status">What membership says of it (<c>Active</c>, <c>Joining</c>, <c>Dead</c> …), or <c>Unknown</c>.</param>
/// <param name="IsAnswering">True when it has answered now.</param>
/// <param name="Leads">Groups that it leads.</param>
/// <param name="Replicas">Replicas that it holds.</param>
/// <param name="Waits">What it waits for before it has all its replicas; empty when it waits for nothing.</param>
[GenerateSerializer]
[Immutable]
[Alias("Orleans.Raft.RaftSiloStatus")]
public sealed record RaftSiloStatus(
    string Silo, string? Address, string Status, bool IsAnswering, int Leads, int Replicas, string Waits)
{
    /// <summary>One line: <c>s1 Active 127.0.0.1:11111@3 leads=6 replicas=17</c>.</summary>
    public string Describe() =>
        FormattableString.Invariant($"{Silo} {Status}{(IsAnswering ? "" : " silent")} {Address ?? "-"} leads={Leads} replicas={Replicas}{(Waits.Length > 0 ? $" waits: {Waits}" : "")}");

    /// <inheritdoc/>
    public override string ToString() => Describe();
}
