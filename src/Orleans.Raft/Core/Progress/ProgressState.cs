using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>How a leader sends to a peer.</summary>
[Experimental("ORLEANSRAFT001")]
public enum ProgressState
{
    /// <summary>One message at a time until the logs are known to agree somewhere.</summary>
    Probe = 0,

    /// <summary>Optimistically, up to the in-flight limit.</summary>
    Replicate = 1,

    /// <summary>Nothing, while a snapshot is on its way.</summary>
    Snapshot = 2,
}
