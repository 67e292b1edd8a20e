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

    /// <summary>A replica cuts its log.</summary>
    LogCompacted = 181005,

    /// <summary>A snapshot goes to a follower.</summary>
    SnapshotSent = 181006,

    /// <summary>A snapshot was installed.</summary>
    SnapshotInstalled = 181007,

    /// <summary>A decision of a replica's algorithm.</summary>
    ReplicaDecision = 181008,

    /// <summary>A leader changes who is in its group.</summary>
    MembershipStep = 181009,

    /// <summary>A backing storage holds a replica up.</summary>
    ReplicaHeldUp = 181053,

    /// <summary>A read goes to another replica.</summary>
    ReadElsewhere = 181054,

    /// <summary>A replica falls asleep or wakes.</summary>
    ReplicaSleep = 181012,

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

    /// <summary>The silo's disk does not answer.</summary>
    DiskHangs = 181060,

    /// <summary>It answers again.</summary>
    DiskAnswers = 181061,

    /// <summary>The log or state store has stopped for good.</summary>
    StoreFailed = 181062,

    /// <summary>The silo has a cluster.</summary>
    Born = 181040,

    /// <summary>The cluster is not born yet.</summary>
    WaitsForBirth = 181041,

    /// <summary>The silo's store took no part in the birth.</summary>
    NoFounder = 181042,

    /// <summary>The catalog is not followed any more.</summary>
    FollowingFailed = 181043,

    /// <summary>The meta group refused the silo's store.</summary>
    StoreRefused = 181044,

    /// <summary>Membership shows another silo of this name, which does not answer.</summary>
    DoubleSilent = 181059,

    /// <summary>A family is configured differently than it was created.</summary>
    ConfigurationDiffers = 181045,

    /// <summary>A replica's family is not registered.</summary>
    FamilyNotRegistered = 181046,

    /// <summary>A replica's log is gone.</summary>
    ReplicaLost = 181047,

    /// <summary>States can't be saved.</summary>
    CompactionFailed = 181048,

    /// <summary>A silo's name is bound to another store.</summary>
    BoundAnew = 181049,

    /// <summary>A replica was made to join its group.</summary>
    ReplicaPlaced = 181050,

    /// <summary>A replica left its group and was erased.</summary>
    ReplicaErased = 181051,

    /// <summary>A replica could not be asked for its next step.</summary>
    StewardFailed = 181052,

    /// <summary>A silo asked for the leadership of a group of which it is the first choice.</summary>
    LeaderClaimed = 181057,

    /// <summary>InitialSilos are others than those that the cluster was born with.</summary>
    InitialSilosDiffer = 181058,

    /// <summary>A silo's store is not bound to its name yet.</summary>
    WaitsForBinding = 181055,

    /// <summary>An entry, or the cluster, is in a format that only newer binaries know.</summary>
    NeedsUpgrade = 181056,
}
