using System.Collections.Immutable;
using Orleans.Concurrency;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <inheritdoc cref="IRaftManagementGrain"/>
[GrainType("orleans.raft.management")]
[StatelessWorker]
[Reentrant]
internal sealed class RaftManagementGrain(RaftHost host) : Grain, IRaftManagementGrain
{
    private readonly RaftHost _host = host;

    /// <inheritdoc/>
    public async Task<ImmutableArray<RaftGroupStatus>> GetGroupsAsync() => [.. await _host.GetStatusAsync()];

    /// <inheritdoc/>
    public Task<RaftGroupStatus> GetGroupAsync(string name, int index) => _host.Groups.GetGroup(name, index).GetStatusAsync(CancellationToken.None);

    /// <inheritdoc/>
    public async Task<ImmutableArray<RaftSiloStatus>> GetSilosAsync() => [.. await _host.GetSilosAsync()];

    /// <inheritdoc/>
    public Task TransferLeadershipAsync(string name, int index, string silo) =>
        _host.Groups.GetGroup(name, index).TransferLeadershipAsync(silo, CancellationToken.None);

    /// <inheritdoc/>
    public async Task<ImmutableArray<RaftChecksum>> GetChecksumsAsync(string name, int index) =>
        [.. await _host.GetChecksumsAsync(new RaftGroupId(name, index), CancellationToken.None)];

    /// <inheritdoc/>
    public Task AddReplicaAsync(string name, int index, string silo) => WishAsync(name, index, [silo], []);

    /// <inheritdoc/>
    public Task RemoveReplicaAsync(string name, int index, string silo) => WishAsync(name, index, [], [silo]);

    /// <inheritdoc/>
    public Task ReplaceReplicaAsync(string name, int index, string oldSilo, string newSilo) => WishAsync(name, index, [newSilo], [oldSilo]);

    /// <inheritdoc/>
    public Task<int> AddSiloAsync(string silo) => _host.AdmitAsync(silo, CancellationToken.None);

    /// <inheritdoc/>
    public Task<int> RemoveSiloAsync(string silo) => _host.RetireAsync(silo, CancellationToken.None);

    /// <inheritdoc/>
    public async Task<string> DescribeAsync() => StatusTable.Of(await _host.GetSilosAsync(), await _host.GetStatusAsync());

    private Task WishAsync(string name, int index, ImmutableArray<string> add, ImmutableArray<string> leave) =>
        _host.WishAsync(new MetaCommand { Changes = [new PlacementChange(new RaftGroupId(name, index), add, leave)] }, CancellationToken.None);
}
