namespace Orleans.Raft.Storage.Engine;

/// <summary>A group's log.</summary>
/// <param name="Group">Its name.</param>
/// <param name="Number">Its name in the log's records.</param>
/// <param name="Generation">Under which its rows are kept in the state store.</param>
public sealed record GroupReport(RaftGroupId Group, long Number, long Generation)
{
    /// <summary>Term of the position that the log continues after.</summary>
    public long CompactedTerm { get; init; }

    /// <summary>Index of the position that the log continues after.</summary>
    public long CompactedIndex { get; init; }

    /// <summary>Term of the last entry.</summary>
    public long LastTerm { get; init; }

    /// <summary>Index of the last entry.</summary>
    public long LastIndex { get; init; }

    /// <summary>Term of the hard state.</summary>
    public long Term { get; init; }

    /// <summary>Vote of the hard state; 0 for none.</summary>
    public long Vote { get; init; }

    /// <summary>Commit index of the hard state.</summary>
    public long Committed { get; init; }

    /// <summary>The configuration, as Core prints it.</summary>
    public string Configuration { get; init; } = "";

    /// <summary>Bytes of its entries.</summary>
    public long LiveBytes { get; init; }

    /// <summary>Bytes that hosting keeps beside the log.</summary>
    public int MetadataBytes { get; init; }
}
