using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>Answer to a read: once applied up to <paramref name="Index"/>, local state is fresh enough (thesis §6.4). Or that there is none.</summary>
/// <param name="Index">What must be applied first.</param>
/// <param name="Context">The request's context.</param>
/// <param name="Reason">None for an answer; else why none will come: ask again, under a new context.</param>
[Experimental("ORLEANSRAFT001")]
public readonly record struct ReadState(long Index, long Context, RefusalReason Reason = RefusalReason.None)
{
    /// <summary>True when no answer will come under this context.</summary>
    public bool IsRefused => Reason is not RefusalReason.None;

    /// <inheritdoc/>
    public override string ToString() => IsRefused ? $"Context:{Context:x} refused: {Reason}" : $"Context:{Context:x} Index:{Index}";
}
