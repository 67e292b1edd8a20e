using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>Volatile state worth telling: who leads and what this replica is.</summary>
/// <param name="Leader">Known leader, or none.</param>
/// <param name="Role">This replica's role.</param>
[Experimental("ORLEANSRAFT001")]
public readonly record struct SoftState(ReplicaId Leader, RaftRole Role)
{
    /// <inheritdoc/>
    public override string ToString() => $"Lead:{Leader.Value} State:State{Role}";
}
