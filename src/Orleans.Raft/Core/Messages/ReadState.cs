namespace Orleans.Raft.Core;

/// <summary>Answer to a read: once applied up to <paramref name="Index"/>, local state is fresh enough (thesis §6.4).</summary>
/// <param name="Index">What must be applied first.</param>
/// <param name="Context">The request's context.</param>
public readonly record struct ReadState(long Index, long Context);
