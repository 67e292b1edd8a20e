using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <inheritdoc cref="IRaftGroup"/>
internal sealed class RaftGroup(RaftGroupId id, RaftHost host) : IRaftGroup, IReplicaReads
{
    private readonly RaftHost _host = host;
    private GroupRuntime? _runtime;

    /// <inheritdoc/>
    public RaftGroupId Id { get; } = id;

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> ProposeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellationToken)
    {
        var activity = RaftActivities.Start("propose", Id);
        var operation = _runtime is { } runtime
            ? runtime.Client.ProposeAsync(command, cancellationToken)
            : FindAndProposeAsync(command, cancellationToken);
        return new(activity is null ? operation : RaftActivities.UntilAsync(activity, operation));
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(
        ReadOnlyMemory<byte> query, RaftReadOptions options, CancellationToken cancellationToken)
    {
        // Handles are handed out before the host is open and before the group is made.
        _runtime ??= await _host.FindAsync(Id, cancellationToken);
        if (options == RaftReadOptions.Local && _runtime.Replica is { Fault: null } replica)
        {
            try
            {
                return await replica.QueryAsync(query).WaitAsync(_host.RequestTimeoutOf(Id.Name), cancellationToken);
            }
            catch (StateElsewhereException)
            {
                // This replica lacks it for now; another one has it.
            }
        }

        var activity = RaftActivities.Start("read", Id);
        var operation = _runtime.Client.ReadAsync(query, cancellationToken);
        return await (activity is null ? operation : RaftActivities.UntilAsync(activity, operation));
    }

    /// <summary>Answers a query on any replica but this silo's own.</summary>
    public async Task<ReadOnlyMemory<byte>> ReadElsewhereAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken)
    {
        _runtime ??= await _host.FindAsync(Id, cancellationToken);
        return await _runtime.Client.ReadAsync(query, isElsewhere: true, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<ReplicaAnswer> ReadOnAsync(ReadOnlyMemory<byte> query, ReplicaId replica, CancellationToken cancellationToken)
    {
        _runtime ??= await _host.FindAsync(Id, cancellationToken);
        return await _runtime.Client.ReadOnAsync(query, replica, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<RaftGroupStatus> GetStatusAsync(CancellationToken cancellationToken)
    {
        _runtime ??= await _host.FindAsync(Id, cancellationToken);
        return await _host.GetStatusAsync(_runtime, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task TransferLeadershipAsync(string silo, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(silo);
        _runtime ??= await _host.FindAsync(Id, cancellationToken);
        await _host.TransferAsync(_runtime, silo, cancellationToken);
    }

    /// <inheritdoc/>
    public Task AddReplicaAsync(string silo, IProgress<RaftGroupStatus>? progress, CancellationToken cancellationToken) =>
        _host.MoveAsync(new PlacementChange(Id, [silo], []), progress, cancellationToken);

    /// <inheritdoc/>
    public Task RemoveReplicaAsync(string silo, IProgress<RaftGroupStatus>? progress, CancellationToken cancellationToken) =>
        _host.MoveAsync(new PlacementChange(Id, [], [silo]), progress, cancellationToken);

    /// <inheritdoc/>
    public Task ReplaceReplicaAsync(string oldSilo, string newSilo, IProgress<RaftGroupStatus>? progress, CancellationToken cancellationToken) =>
        _host.MoveAsync(new PlacementChange(Id, [newSilo], [oldSilo]), progress, cancellationToken);

    private async Task<ReadOnlyMemory<byte>> FindAndProposeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellationToken)
    {
        _runtime = await _host.FindAsync(Id, cancellationToken);
        return await _runtime.Client.ProposeAsync(command, cancellationToken);
    }
}

/// <inheritdoc cref="IRaftGroupFactory"/>
internal sealed class RaftGroupFactory(RaftHost host) : IRaftGroupFactory
{
    private readonly RaftHost _host = host;
    private readonly System.Collections.Concurrent.ConcurrentDictionary<RaftGroupId, RaftGroup> _groups = new();

    /// <inheritdoc/>
    public IRaftGroup GetGroup(string name, int index)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return _groups.GetOrAdd(new RaftGroupId(name, index), static (id, host) => new RaftGroup(id, host), _host);
    }

    /// <inheritdoc/>
    public ValueTask<int> CountGroupsAsync(string name, CancellationToken cancellationToken) => _host.CountGroupsAsync(name, cancellationToken);
}
