namespace Orleans.Configuration;

/// <summary>Settings of a family of groups. They count at its birth; what differs later is reported and ignored.</summary>
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
}
