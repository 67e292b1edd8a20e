using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>Role of a replica (Raft figure 4, with the pre-candidate of thesis §9.6).</summary>
[Experimental("ORLEANSRAFT001")]
public enum RaftRole
{
    /// <summary>Follows a leader or waits for one.</summary>
    Follower = 0,

    /// <summary>Collects votes.</summary>
    Candidate = 1,

    /// <summary>Leads its term.</summary>
    Leader = 2,

    /// <summary>Asks whether it would get votes, without changing its term.</summary>
    PreCandidate = 3,
}
