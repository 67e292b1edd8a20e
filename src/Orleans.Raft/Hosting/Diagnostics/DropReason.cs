namespace Orleans.Raft.Hosting;

/// <summary>Why something between silos was not sent or not taken. Raft repeats what matters; many drops mean that something is wrong.</summary>
internal enum DropReason
{
    /// <summary>The bytes can't be read, or say what may not come over a lane.</summary>
    Malformed,

    /// <summary>It comes from another Raft cluster.</summary>
    OtherCluster,

    /// <summary>It is meant for another life of this silo or replica (SAFETY-RULES A8).</summary>
    OtherLife,

    /// <summary>A later life of the sender has spoken already.</summary>
    EarlierLife,

    /// <summary>A later session of the lane has begun already.</summary>
    OldSession,

    /// <summary>The group is not known here.</summary>
    UnknownGroup,

    /// <summary>The group was created anew since.</summary>
    OtherIncarnation,

    /// <summary>The sender's store is not the one bound to its silo.</summary>
    UnboundStore,

    /// <summary>The replica it is meant for is not here.</summary>
    NoReplica,

    /// <summary>Nobody knows the silo of the replica it is for.</summary>
    NoRoute,

    /// <summary>It is in a newer format than this silo reads.</summary>
    NewerFormat,

    /// <summary>The lane's byte window is full.</summary>
    WindowFull,

    /// <summary>Too many control frames wait.</summary>
    ControlFull,

    /// <summary>The silo does not answer.</summary>
    Silent,

    /// <summary>It waited when the lane's session broke.</summary>
    LaneBroken,
}
