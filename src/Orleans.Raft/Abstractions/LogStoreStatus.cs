namespace Orleans.Raft;

/// <summary>Figures and faults of a log store.</summary>
public sealed record LogStoreStatus
{
    /// <summary>Why the store has stopped for good, or null.</summary>
    public LogStoreException? Failure { get; init; }

    /// <summary>Age of the oldest write that is not yet durable; zero when none waits. A disk that hangs shows here.</summary>
    public TimeSpan OldestPendingAge { get; init; }

    /// <summary>Bytes that wait to be written.</summary>
    public long QueuedBytes { get; init; }

    /// <summary>Sequence of the last durable sync batch.</summary>
    public long LastSequence { get; init; }

    /// <summary>What was cut off the log's end at the opening (a write that the crash interrupted), or null.</summary>
    public string? CutTail { get; init; }

    /// <summary>Segments in use, the one being written included.</summary>
    public int SegmentCount { get; init; }

    /// <summary>Size of all segments, spares included.</summary>
    public long TotalBytes { get; init; }

    /// <summary>Bytes of entries that can still be read.</summary>
    public long LiveBytes { get; init; }
}
