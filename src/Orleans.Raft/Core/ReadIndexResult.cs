using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>What became of a read request. When it was taken, a <see cref="ReadState"/> follows in a later Ready, if no message is lost.</summary>
/// <param name="IsAccepted">True when an answer can come; ask again, under a new context, when none does in time.</param>
/// <param name="IsForwarded">True when the request went to the leader.</param>
/// <param name="Reason">Why it was refused.</param>
/// <param name="Leader">Leader this replica knows, or none.</param>
[Experimental("ORLEANSRAFT001")]
public readonly record struct ReadIndexResult(bool IsAccepted, bool IsForwarded, RefusalReason Reason, ReplicaId Leader)
{
    /// <inheritdoc/>
    public override string ToString() => IsAccepted ? (IsForwarded ? "forwarded" : "accepted") : $"refused: {Reason}, leader {Leader}";
}
