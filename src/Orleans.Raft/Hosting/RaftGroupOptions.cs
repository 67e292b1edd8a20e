namespace Orleans.Configuration;

/// <summary>Settings of a family of groups. How many groups and replicas there are is decided at its birth; what differs later is reported and ignored.</summary>
public sealed class RaftGroupOptions
{
    /// <summary>Default of <see cref="ReplicationFactor"/>.</summary>
    public const int DefaultReplicationFactor = 3;

    /// <summary>Number of groups in the family.</summary>
    /// <value>1; 1 to 65,536.</value>
    public int Groups { get; set; } = 1;

    /// <summary>Replicas of each group; fewer where there are fewer silos.</summary>
    /// <value>3; 1 to 9, best an odd number.</value>
    public int ReplicationFactor { get; set; } = DefaultReplicationFactor;

    /// <summary>How linearizable reads of these groups are confirmed. Not replicated: it may differ from silo to silo, and counts where it is set.</summary>
    /// <value>Null, which means <see cref="RaftOptions.ReadMode"/>.</value>
    public RaftReadMode? ReadMode { get; set; }

    /// <summary>How long a request to one of these groups may take before its caller is told that it did not end. Not replicated.</summary>
    /// <value>Null, which means <see cref="RaftOptions.RequestTimeout"/>; else 1 s to 5 min.</value>
    public TimeSpan? RequestTimeout { get; set; }
}
