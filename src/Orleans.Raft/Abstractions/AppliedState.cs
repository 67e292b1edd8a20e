using Orleans.Raft.Core;

namespace Orleans.Raft;

/// <summary>What changes in one batch with the rows: how far they are applied, and under which configuration.</summary>
/// <param name="Position">Last entry whose effect is in the rows.</param>
/// <param name="ConfState">Configuration as of that position.</param>
public sealed record AppliedState(EntryId Position, ConfState ConfState)
{
    /// <summary>Nothing is applied.</summary>
    public static readonly AppliedState None = new(default, ConfState.Empty);

    /// <summary>Whatever else must not run ahead of the rows or stay behind; opaque to the store.</summary>
    public ReadOnlyMemory<byte> Extra { get; init; }

    /// <inheritdoc/>
    public bool Equals(AppliedState? other) =>
        other is not null && Position == other.Position && ConfState == other.ConfState && Extra.Span.SequenceEqual(other.Extra.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => Position.GetHashCode();
}
