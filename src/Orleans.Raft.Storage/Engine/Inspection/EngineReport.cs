namespace Orleans.Raft.Storage.Engine;

/// <summary>What <see cref="EngineInspector"/> found in a data directory. Where something is damaged, what could still be read is in it.</summary>
public sealed record EngineReport
{
    /// <summary>The directory.</summary>
    public required string Directory { get; init; }

    /// <summary>The verdict: the worst of what was found.</summary>
    public EngineCondition Condition { get; init; }

    /// <summary>What is wrong: file, offset, expected, found, and what can be done.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>What is worth knowing and not wrong.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Made once, when the directory was made.</summary>
    public Guid StoreId { get; init; }

    /// <summary>How often the directory was opened.</summary>
    public long OpenCounter { get; init; }

    /// <summary>Service of the silo whose directory it is.</summary>
    public string ServiceId { get; init; } = "";

    /// <summary>Silo whose directory it is.</summary>
    public string SiloName { get; init; } = "";

    /// <summary>Sequence of the last whole batch of the log.</summary>
    public long LastSequence { get; init; }

    /// <summary>True if the log ends with the mark of a clean close.</summary>
    public bool IsCleanlyClosed { get; init; }

    /// <summary>Files of the log, oldest first.</summary>
    public IReadOnlyList<SegmentReport> Segments { get; init; } = [];

    /// <summary>Groups that have a log here, by name.</summary>
    public IReadOnlyList<GroupReport> Groups { get; init; } = [];

    /// <summary>Replicas that once lived here and were removed, as <c>group replica</c>.</summary>
    public IReadOnlyList<string> RemovedReplicas { get; init; } = [];

    /// <summary>True if there is a state store beside the log.</summary>
    public bool HasState { get; init; }

    /// <summary>Generations of the state store.</summary>
    public IReadOnlyList<GenerationReport> Generations { get; init; } = [];
}
