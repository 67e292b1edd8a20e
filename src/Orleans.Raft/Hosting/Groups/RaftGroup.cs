namespace Orleans.Raft.Hosting;

/// <inheritdoc cref="IRaftGroup"/>
internal sealed class RaftGroup(RaftGroupId id, RaftHost host) : IRaftGroup
{
    private readonly RaftHost _host = host;
    private GroupRuntime? _runtime;

    /// <inheritdoc/>
    public RaftGroupId Id { get; } = id;

    // Handles are handed out before the host is open.
    private GroupRuntime Runtime => _runtime ??= _host.Find(Id);

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> ProposeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellationToken) =>
        new(Runtime.Client.ProposeAsync(command, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> ReadAsync(ReadOnlyMemory<byte> query, RaftReadOptions options, CancellationToken cancellationToken)
    {
        if (options == RaftReadOptions.Local && Runtime.Replica is { Fault: null } replica)
        {
            return new(replica.QueryAsync(query).WaitAsync(_host.RequestTimeout, cancellationToken));
        }

        return new(Runtime.Client.ReadAsync(query, cancellationToken));
    }
}

/// <inheritdoc cref="IRaftGroupFactory"/>
internal sealed class RaftGroupFactory(RaftHost host) : IRaftGroupFactory
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<RaftGroupId, RaftGroup> _groups = new();

    /// <inheritdoc/>
    public IRaftGroup GetGroup(string name, int index)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return _groups.GetOrAdd(new RaftGroupId(name, index), static (id, host) => new RaftGroup(id, host), host);
    }
}
