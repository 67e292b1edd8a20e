namespace Orleans.Raft;

/// <summary>How far an import is.</summary>
/// <param name="Read">Sources looked at.</param>
/// <param name="Written">States written.</param>
/// <param name="Absent">Sources that had no state.</param>
/// <param name="Kept">States that were here already; they were left as they are.</param>
public readonly record struct RaftImportProgress(long Read, long Written, long Absent, long Kept)
{
    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Read} read, {Written} written, {Absent} absent, {Kept} kept");
}
