namespace Orleans.Raft.Hosting;

/// <summary>What a group's state machine is told of its group: all of it was decided by the meta group, once.</summary>
/// <param name="Id">Which group.</param>
/// <param name="Groups">How many groups its family has.</param>
/// <param name="Cluster">The cluster's incarnation.</param>
/// <param name="Incarnation">The family's incarnation within the cluster.</param>
internal sealed record GroupBirth(RaftGroupId Id, int Groups, Guid Cluster, long Incarnation);
