using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>The ways from a group client to the replicas.</summary>
internal interface IGroupRoutes
{
    /// <summary>The silo's own replica; none if it has none.</summary>
    ReplicaId Local { get; }

    /// <summary>True while the silo's own replica is a voter that keeps up: then it may answer reads (SAFETY-RULES B7).</summary>
    bool ReadsLocally { get; }

    /// <summary>The replicas that can be asked, the silo's own first.</summary>
    IReadOnlyList<ReplicaId> Replicas { get; }

    /// <summary>Sends to a replica, here or elsewhere. False when it can't be sent now.</summary>
    bool TrySend(ReplicaId replica, LaneItemKind kind, long request, ReadOnlyMemory<byte> body);

    /// <summary>Something waits from now on: the client needs ticks until nothing does.</summary>
    void NeedTicks();
}
