namespace Orleans.Raft;

/// <summary>What a replica is in its group.</summary>
[GenerateSerializer]
public enum RaftReplicaRole
{
    /// <summary>Its silo did not answer.</summary>
    Unknown = 0,

    /// <summary>It leads.</summary>
    Leader = 1,

    /// <summary>It votes and follows.</summary>
    Follower = 2,

    /// <summary>It votes and asks for votes.</summary>
    Candidate = 3,

    /// <summary>It gets the log and does not vote yet.</summary>
    Learner = 4,

    /// <summary>It is planned and not in the group's configuration yet, or is being removed.</summary>
    Outside = 5,

    /// <summary>It has stopped for good.</summary>
    Faulted = 6,
}
