using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>What became of the wish to hand leadership over. Whether it succeeds shows in the next leader.</summary>
/// <param name="IsAccepted">True when the transfer goes on, here or at the leader it was sent to.</param>
/// <param name="IsForwarded">True when the wish went to the leader.</param>
/// <param name="Reason">Why it was refused.</param>
/// <param name="Leader">Leader this replica knows, or none.</param>
[Experimental("ORLEANSRAFT001")]
public readonly record struct TransferResult(bool IsAccepted, bool IsForwarded, RefusalReason Reason, ReplicaId Leader)
{
    /// <inheritdoc/>
    public override string ToString() => IsAccepted ? (IsForwarded ? "forwarded" : "accepted") : $"refused: {Reason}, leader {Leader}";
}
