namespace Orleans.Raft.Storage.Engine;

/// <summary>A group's rows in the state store.</summary>
/// <param name="Generation">Under which number they are kept.</param>
/// <param name="Rows">How many rows.</param>
/// <param name="Bytes">Bytes of their keys and values.</param>
public sealed record GenerationReport(long Generation, long Rows, long Bytes)
{
    /// <summary>Group whose log names it, or null: then the next start deletes it.</summary>
    public RaftGroupId? Group { get; init; }

    /// <summary>Term of the last entry whose effect is in the rows.</summary>
    public long AppliedTerm { get; init; }

    /// <summary>Index of the last entry whose effect is in the rows; 0 without an applied record.</summary>
    public long AppliedIndex { get; init; }
}
