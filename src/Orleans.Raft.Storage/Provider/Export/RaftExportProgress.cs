namespace Orleans.Raft;

/// <summary>How far an export is.</summary>
/// <param name="Group">The group that is being exported.</param>
/// <param name="Index">Its states are given as of this entry: everything up to it, and nothing beyond.</param>
/// <param name="GroupsDone">Groups whose states have all been given.</param>
/// <param name="Groups">Groups in all.</param>
/// <param name="States">States given.</param>
/// <param name="Bytes">Bytes of these, serialized.</param>
public readonly record struct RaftExportProgress(RaftGroupId Group, long Index, int GroupsDone, int Groups, long States, long Bytes)
{
    /// <inheritdoc/>
    public override string ToString() => $"{GroupsDone} of {Groups} groups, {States} states, {Bytes} bytes; {Group} as of {Index}";
}
