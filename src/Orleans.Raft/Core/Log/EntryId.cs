using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>Position of an entry: the term that wrote it and its index. Two logs agree up to an equal pair (Raft §5.3).</summary>
/// <param name="Term">Term of the leader that wrote the entry; 0 before the first entry.</param>
/// <param name="Index">1-based index; 0 is "before the first".</param>
[Experimental("ORLEANSRAFT001")]
public readonly record struct EntryId(long Term, long Index)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Term}/{Index}";
}
