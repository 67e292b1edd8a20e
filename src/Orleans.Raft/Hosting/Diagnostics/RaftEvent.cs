namespace Orleans.Raft.Hosting;

/// <summary>Numbers of this library's log events.</summary>
internal enum RaftEvent
{
    /// <summary>A replica changed role or leader.</summary>
    ReplicaRole = 181001,

    /// <summary>A replica stopped for good.</summary>
    ReplicaFaulted = 181002,

    /// <summary>A replica dropped a message.</summary>
    ReplicaDropped = 181003,

    /// <summary>A replica hands leadership over.</summary>
    ReplicaHandOver = 181004,

    /// <summary>The silo's Raft host opened its store and replicas.</summary>
    HostOpened = 181010,

    /// <summary>The host closed.</summary>
    HostClosed = 181011,

    /// <summary>A silo does not answer on its lane.</summary>
    LaneBroken = 181020,

    /// <summary>A lane was set up.</summary>
    LaneReached = 181021,

    /// <summary>A lane refused what came.</summary>
    LaneRefused = 181022,

    /// <summary>A grain adopted its replica or gave it back.</summary>
    GrainAdopted = 181030,

    /// <summary>A grain could not be asked to adopt its replica.</summary>
    GrainNotReached = 181031,
}
