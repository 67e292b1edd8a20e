namespace Orleans.Raft.Storage.Engine;

/// <summary>A file of the log.</summary>
/// <param name="Segment">Its number.</param>
/// <param name="File">Its name.</param>
/// <param name="FileBytes">Its size.</param>
public sealed record SegmentReport(long Segment, string File, long FileBytes)
{
    /// <summary>First sync batch in it; 0 while there is none.</summary>
    public long FirstSequence { get; init; }

    /// <summary>Last sync batch that could be read from the beginning on; 0 while there is none.</summary>
    public long LastSequence { get; init; }

    /// <summary>Offset behind the last batch.</summary>
    public long DataEnd { get; init; }

    /// <summary>Bytes of entries in it that can still be read; 0 where the log as a whole can't be.</summary>
    public long LiveBytes { get; init; }

    /// <summary>State of the index file beside it: <c>none</c> (not sealed yet), <c>good</c>, <c>missing</c>, <c>damaged</c>, <c>wrong</c>.</summary>
    public string Index { get; init; } = "none";

    /// <summary>What is wrong with it, or null.</summary>
    public string? Problem { get; init; }
}
