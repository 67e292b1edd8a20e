using System.Collections.Immutable;

namespace Orleans.Raft;

/// <summary>
/// Shows and manages the cluster's groups, from any silo or client: <c>grains.GetGrain&lt;IRaftManagementGrain&gt;(0)</c>. Its answers are put together from all
/// silos that answer within two seconds.
/// </summary>
[Alias("Orleans.Raft.IRaftManagementGrain")]
public interface IRaftManagementGrain : IGrainWithIntegerKey
{
    /// <summary>All groups, the meta group (<c>$meta/0</c>) included.</summary>
    [Alias("GetGroups")]
    Task<ImmutableArray<RaftGroupStatus>> GetGroupsAsync();

    /// <summary>One group.</summary>
    /// <exception cref="RaftException">There is no such group.</exception>
    [Alias("GetGroup")]
    Task<RaftGroupStatus> GetGroupAsync(string name, int index);

    /// <summary>All silos that the cluster knows: those in membership, and those that are bound to a store.</summary>
    [Alias("GetSilos")]
    Task<ImmutableArray<RaftSiloStatus>> GetSilosAsync();

    /// <summary>Hands a group's leadership to the replica on a silo; completes when that leads.</summary>
    /// <exception cref="RaftException">The silo holds no voter of the group, or it did not come to lead within the budget.</exception>
    [Alias("TransferLeadership")]
    Task TransferLeadershipAsync(string name, int index, string silo);

    /// <summary>
    /// Checksums of all replicas of a group, taken at one index, which a mark in the log names. Each replica reads its whole state for it, beside its other work.
    /// </summary>
    /// <exception cref="RaftException">There is no such group, or it has no leader.</exception>
    [Alias("GetChecksums")]
    Task<ImmutableArray<RaftChecksum>> GetChecksumsAsync(string name, int index);

    /// <summary>Wishes for a replica of a group on a silo. Completes when the wish is written down; the group's status shows how far it is.</summary>
    /// <exception cref="RaftException">The silo has one, or is not known; nothing was changed.</exception>
    [Alias("AddReplica")]
    Task AddReplicaAsync(string name, int index, string silo);

    /// <summary>Wishes a group's replica on a silo away. Completes when the wish is written down.</summary>
    /// <exception cref="RaftException">The silo has none, or the only one; nothing was changed.</exception>
    [Alias("RemoveReplica")]
    Task RemoveReplicaAsync(string name, int index, string silo);

    /// <summary>Wishes a group's replica moved. Completes when the wish is written down.</summary>
    /// <exception cref="RaftException">It is impossible; nothing was changed.</exception>
    [Alias("ReplaceReplica")]
    Task ReplaceReplicaAsync(string name, int index, string oldSilo, string newSilo);

    /// <summary>
    /// Takes a silo into service: gives it replicas of groups that have fewer than they should, and its share of the others, taken from the silos that hold most. Completes
    /// when the wish is written down; the status of silos and groups shows how far it is.
    /// </summary>
    /// <returns>Number of replicas that it will be given.</returns>
    /// <exception cref="RaftException">The silo has not run yet; nothing was changed.</exception>
    /// <exception cref="RaftBusyException">A former replica on the silo is still leaving; nothing was changed. Ask again when all groups are whole.</exception>
    [Alias("AddSilo")]
    Task<int> AddSiloAsync(string silo);

    /// <summary>
    /// Takes a silo out of service: its replicas move to other silos where there are some without one, else they are removed. Completes when the wish is written
    /// down; when the silo holds no replica any more it can be stopped for good.
    /// </summary>
    /// <returns>Number of replicas that it will lose.</returns>
    /// <exception cref="RaftException">The silo is not known, or holds the only replica of a group; nothing was changed.</exception>
    /// <exception cref="RaftBusyException">An earlier move is still under way; nothing was changed. Ask again when all groups are whole.</exception>
    [Alias("RemoveSilo")]
    Task<int> RemoveSiloAsync(string silo);

    /// <summary>Silos and groups as a table for a terminal.</summary>
    [Alias("Describe")]
    Task<string> DescribeAsync();
}
