namespace Orleans.Raft.Storage.Clustering;

/// <summary>What became of a command.</summary>
internal enum TableResult
{
    /// <summary>Done.</summary>
    Done = 1,

    /// <summary>An ETag differed, or the row was there or wasn't.</summary>
    Conflict = 2,

    /// <summary>The session is unknown, or the answer forgotten: whether it was applied earlier is unknown.</summary>
    Expired = 3,
}

/// <summary>Outcome of a command.</summary>
/// <param name="Result">What became of it.</param>
/// <param name="Value">The session, when one was opened.</param>
internal readonly record struct TableOutcome(TableResult Result, long Value = 0);
