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

    /// <summary>Silos and groups as a table for a terminal.</summary>
    [Alias("Describe")]
    Task<string> DescribeAsync();
}
