using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>What a replica must never forget (Raft figure 2, persistent state), and how far it knew the log to be committed.</summary>
/// <param name="Term">Latest term seen.</param>
/// <param name="Vote">Who got this replica's vote in <paramref name="Term"/>.</param>
/// <param name="Commit">Highest index known committed; may lag after a power loss, see RaftConfig.Applied.</param>
[Experimental("ORLEANSRAFT001")]
public readonly record struct HardState(long Term, ReplicaId Vote, long Commit)
{
    /// <summary>True for the state of a replica that has never done anything.</summary>
    public bool IsEmpty => this == default;

    /// <inheritdoc/>
    public override string ToString() =>
        Vote.IsNone ? $"Term:{Term} Commit:{Commit}" : $"Term:{Term} Vote:{Vote} Commit:{Commit}";
}
