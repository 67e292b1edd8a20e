using System.Collections.Immutable;
using Orleans.Concurrency;

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
    public async Task<string> DescribeAsync() => StatusTable.Of(await _host.GetSilosAsync(), await _host.GetStatusAsync());
}
