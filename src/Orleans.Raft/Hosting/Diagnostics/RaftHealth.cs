namespace Orleans.Raft.Hosting;

/// <summary>What is wrong with Raft in one silo.</summary>
internal sealed record RaftHealth
{
    /// <summary>The silo.</summary>
    public required string Silo { get; init; }

    /// <summary>What the silo waits for before it knows its groups, or null.</summary>
    public string? Waits { get; init; }

    /// <summary>Why the log store has stopped for good, or null.</summary>
    public string? StoreFailure { get; init; }

    /// <summary>Age of the oldest write that is not durable yet.</summary>
    public TimeSpan OldestWrite { get; init; }

    /// <summary>True when that is so old that the disk counts as hanging.</summary>
    public bool IsStalled { get; init; }

    /// <summary>Replicas that stopped for good, and why.</summary>
    public required IReadOnlyDictionary<string, string> Faulted { get; init; }

    /// <summary>Replicas that are not caught-up voters of a group with a leader, and why.</summary>
    public required IReadOnlyDictionary<string, string> NotReady { get; init; }

    /// <summary>True when a restart or a human is needed.</summary>
    public bool IsBroken => StoreFailure is not null || IsStalled || Faulted.Count > 0;

    /// <summary>True when the silo can be counted on for every group it has a part in.</summary>
    public bool IsReady => !IsBroken && Waits is null && NotReady.Count == 0;

    /// <summary>One line.</summary>
    public string Describe()
    {
        var wrongs = new List<string>();
        if (StoreFailure is not null)
        {
            wrongs.Add($"its log store has failed: {StoreFailure}");
        }

        if (IsStalled)
        {
            wrongs.Add($"its disk hangs: a write to the log waits for {OldestWrite.TotalMilliseconds:0} ms");
        }

        if (Faulted.Count > 0)
        {
            wrongs.Add($"{Faulted.Count} replicas have faulted: {string.Join(", ", Faulted.Keys.Take(5))}");
        }

        if (Waits is not null)
        {
            wrongs.Add($"it waits: {Waits}");
        }

        if (NotReady.Count > 0)
        {
            wrongs.Add($"{NotReady.Count} replicas are not caught up: {string.Join(", ", NotReady.Take(5).Select(replica => $"{replica.Key} {replica.Value}"))}");
        }

        return wrongs.Count == 0 ? $"Raft on {Silo} is well." : $"Raft on {Silo}: {string.Join("; ", wrongs)}.";
    }
}
