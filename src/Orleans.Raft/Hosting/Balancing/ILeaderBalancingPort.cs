namespace Orleans.Raft.Hosting;

/// <summary>What the balancer sees of its silo, and does through it.</summary>
internal interface ILeaderBalancingPort
{
    /// <summary>Which state the silo is in as far as leading is concerned: null while it had better lead nothing more; another value when its plan is another one.</summary>
    object? Plan { get; }

    /// <summary>The groups of which this silo is the first choice.</summary>
    IReadOnlyCollection<LeaderView> Look();

    /// <summary>Asks a group's leader for its leadership. Null when this silo leads, else why it came to nothing.</summary>
    Task<string?> ClaimAsync(RaftGroupId group, CancellationToken cancellationToken);

    /// <summary>A claim has ended.</summary>
    void Claimed(RaftGroupId group, string? failure);
}
