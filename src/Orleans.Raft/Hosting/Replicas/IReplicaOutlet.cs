namespace Orleans.Raft.Hosting;

/// <summary>What a replica sends through.</summary>
internal interface IReplicaOutlet
{
    /// <summary>Queues a frame for a silo. False when it was refused; Raft repeats what matters.</summary>
    bool TrySend(string silo, in LaneFrame frame);

    /// <summary>A replica that slept is awake, and needs ticks.</summary>
    void Woke(RaftGroupId group);
}
