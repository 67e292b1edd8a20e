namespace Orleans.Raft.Hosting;

/// <summary>Limits of a group client.</summary>
internal sealed record GroupClientSettings
{
    /// <summary>This silo's name.</summary>
    public required string Silo { get; init; }

    /// <summary>How long a write or a read may take before its caller is told that it did not end.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A batch without an answer is sent again after this long; the wait doubles with each repeat.</summary>
    public TimeSpan ResendAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Wait before a refused batch goes to the next replica, when no leader is known.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>A read waits this long for the silo's own replica, which may lag; then it goes to the leader (SAFETY-RULES B7).</summary>
    public TimeSpan LocalPatience { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Batches without an answer at once. While that many are under way commands gather, which makes the next batch larger.</summary>
    public int MaxBatches { get; init; } = 4;

    /// <summary>Commands in one batch.</summary>
    public int MaxBatchCommands { get; init; } = 1024;

    /// <summary>Bytes of commands in one batch; a single command may be larger.</summary>
    public int MaxBatchBytes { get; init; } = 1 << 20;

    /// <summary>Number of the first read of each group; random in every life, so that a late answer to a former one is nobody's (SAFETY-RULES A8).</summary>
    public long FirstRequest { get; init; } = 1;

    /// <summary>Commands waiting at once; more are refused.</summary>
    public int MaxWaiting { get; init; } = 100_000;

    /// <summary>Where latencies are counted.</summary>
    public RaftMetrics Metrics { get; init; } = RaftMetrics.Unobserved;
}
