namespace Orleans.Raft;

/// <summary>Checksum of one replica of a group; all of a group are taken at one index.</summary>
/// <param name="Silo">Stable name of the silo that holds the replica.</param>
/// <param name="Replica">The replica's number.</param>
/// <param name="Applied">Last index that is in the state; 0 if there is no checksum.</param>
/// <param name="Sha256">
/// Hexadecimal hash over all that the group replicates, the answers remembered for repeated commands included. Null if there is none. States in memory are hashed as they are
/// written for a snapshot, so that equal states have equal hashes only where the state machine writes them in a fixed order.
/// </param>
/// <param name="Error">Why there is no checksum; empty else.</param>
[GenerateSerializer]
[Immutable]
[Alias("Orleans.Raft.RaftChecksum")]
public sealed record RaftChecksum(string Silo, long Replica, long Applied, string? Sha256, string Error);
