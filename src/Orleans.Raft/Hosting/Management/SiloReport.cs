using System.Collections.Immutable;

namespace Orleans.Raft.Hosting;

/// <summary>What a silo says of its replicas.</summary>
/// <param name="Silo">Its name.</param>
/// <param name="Waits">What it waits for.</param>
/// <param name="Replicas">Its replicas, all or those of the group that was asked for.</param>
[GenerateSerializer]
[Immutable]
[Alias("Orleans.Raft.SiloReport")]
internal sealed record SiloReport(string Silo, string Waits, ImmutableArray<ReplicaReport> Replicas);

/// <summary>What a replica says of itself.</summary>
/// <param name="Name">Family.</param>
/// <param name="Index">Group.</param>
/// <param name="Replica">Its number.</param>
/// <param name="Role">Its role in the protocol, as Core numbers it.</param>
/// <param name="Term">Its term.</param>
/// <param name="Committed">Its commit index.</param>
/// <param name="Applied">Its applied index.</param>
/// <param name="Voters">Voters of its configuration, of both halves while that is joint.</param>
/// <param name="Learners">Learners of its configuration.</param>
/// <param name="Peers">What it knows of the others, if it leads.</param>
/// <param name="Fault">Why it has stopped for good, or null.</param>
[GenerateSerializer]
[Immutable]
[Alias("Orleans.Raft.ReplicaReport")]
internal sealed record ReplicaReport(
    string Name,
    int Index,
    long Replica,
    int Role,
    long Term,
    long Committed,
    long Applied,
    ImmutableArray<long> Voters,
    ImmutableArray<long> Learners,
    ImmutableArray<PeerReport> Peers,
    string? Fault);

/// <summary>What a leader knows of a peer.</summary>
/// <param name="Replica">The peer.</param>
/// <param name="State">How entries are sent to it.</param>
/// <param name="Match">Highest index known to be durable there.</param>
/// <param name="IsActive">Heard from lately.</param>
[GenerateSerializer]
[Immutable]
[Alias("Orleans.Raft.PeerReport")]
internal sealed record PeerReport(long Replica, string State, long Match, bool IsActive);
