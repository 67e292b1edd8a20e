using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>Who this silo is on its lanes, and the limits of a lane (SAFETY-RULES B5).</summary>
internal sealed record LaneSettings
{
    /// <summary>What every batch says of this silo: name, address, life, and the cluster's incarnation.</summary>
    public required LaneHeader Header { get; init; }

    /// <summary>This silo's life.</summary>
    public StoreIdentity Life => new(Header.FromStore, Header.FromOpenCounter);

    /// <summary>How long a batch may take; afterwards it counts as lost and the session as broken. Half an election timeout.</summary>
    public required TimeSpan Deadline { get; init; }

    /// <summary>A lane with nothing to say sends an empty batch this often, and greets a silent peer this often. One tick.</summary>
    public required TimeSpan BeatInterval { get; init; }

    /// <summary>Batches on their way at once.</summary>
    public int MaxInFlight { get; init; } = 4;

    /// <summary>Bytes gathered into one batch; a single frame may be larger.</summary>
    public int MaxBatchBytes { get; init; } = 1 << 20;

    /// <summary>Bytes of load waiting or on their way; more is refused, except a group's first frame.</summary>
    public int WindowBytes { get; init; } = 16 << 20;

    /// <summary>Bytes of snapshot parts waiting; more is refused.</summary>
    public int PartWindowBytes { get; init; } = 4 << 20;

    /// <summary>Control frames waiting; beyond it the peer is as good as unreachable and the oldest go.</summary>
    public int MaxControlFrames { get; init; } = 1 << 16;

    /// <summary>Bytes of them. A peer that answers takes control before everything else, so it never comes to that.</summary>
    public int MaxControlBytes { get; init; } = 8 << 20;

    /// <summary>Where sizes and drops are counted.</summary>
    public RaftMetrics Metrics { get; init; } = RaftMetrics.Unobserved;
}

/// <summary>What a lane tells its silo.</summary>
internal interface ILaneEvents
{
    /// <summary>What was on its way to this silo may be lost.</summary>
    void PeerUnreachable(string peer);

    /// <summary>A batch was not delivered, or its answer did not come.</summary>
    void SendFailed(string peer, Exception exception);

    /// <summary>The silo answers, in this life of it.</summary>
    void PeerReached(string peer, StoreIdentity life);
}
