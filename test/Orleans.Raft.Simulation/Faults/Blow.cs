namespace Orleans.Raft.Simulation;

/// <summary>Harm, or haste, that follows from what has just happened instead of being drawn.</summary>
internal enum Blow
{
    /// <summary>The leader is cut off.</summary>
    Maroon,

    /// <summary>The halves of a joint configuration are parted.</summary>
    SplitJoint,

    /// <summary>A new leader proposes a configuration change at once.</summary>
    HurriedChange,

    /// <summary>Somebody is told to campaign while a marooned leader may still have its lease.</summary>
    HurriedCampaign,
}
