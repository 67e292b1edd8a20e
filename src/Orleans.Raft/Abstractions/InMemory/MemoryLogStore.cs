using Orleans.Raft.Core;

namespace Orleans.Raft;

/// <summary>
/// A log store that forgets everything when the process ends: for tests, and for clusters that may lose their state together.
/// Writes complete at once, on the caller's thread.
/// </summary>
public sealed class MemoryLogStore : ILogStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<RaftGroupId, MemoryGroupLog> _groups = [];
    private readonly Dictionary<RaftGroupId, List<ReplicaId>> _removed = [];
    private long _lastOwner;
    private long _lastGeneration;
    private long _sequence;
    private LogStoreException? _failure;

    /// <summary>Creates an empty store under a new identity.</summary>
    public MemoryLogStore() : this(new StoreIdentity(Guid.NewGuid(), 1))
    {
    }

    /// <summary>Creates an empty store under the given identity, for runs that must be repeatable.</summary>
    public MemoryLogStore(StoreIdentity identity) => Identity = identity;

    /// <inheritdoc/>
    public event Action<LogStoreException>? Failed;

    /// <inheritdoc/>
    public StoreIdentity Identity { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<RaftGroupId> Groups
    {
        get
        {
            lock (_lock)
            {
                return [.. _groups.Keys];
            }
        }
    }

    /// <inheritdoc/>
    public bool IsFull => false;

    /// <inheritdoc/>
    public ValueTask<GroupLog> OpenAsync(RaftGroupId group, CancellationToken cancellationToken)
    {
        if (group.IsDefault)
        {
            throw new ArgumentException("A default group id names no group.", nameof(group));
        }

        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            ThrowIfFailed();
            if (!_groups.TryGetValue(group, out var log))
            {
                _groups.Add(group, log = new MemoryGroupLog(group, ++_lastGeneration));
            }

            return new ValueTask<GroupLog>(log.TakeOver(++_lastOwner));
        }
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(WriteBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        lock (_lock)
        {
            if (_failure is not null)
            {
                return ValueTask.FromException(_failure);
            }

            try
            {
                Check(batch.Span);
            }
            catch (InvalidOperationException refused)
            {
                return ValueTask.FromException(refused);
            }

            foreach (ref readonly var operation in batch.Span)
            {
                Apply(in operation);
            }

            _sequence++;
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public IReadOnlyCollection<ReplicaId> GetRemovedReplicas(RaftGroupId group)
    {
        lock (_lock)
        {
            return _removed.TryGetValue(group, out var removed) ? [.. removed] : [];
        }
    }

    /// <inheritdoc/>
    public long NewGeneration()
    {
        lock (_lock)
        {
            return ++_lastGeneration;
        }
    }

    /// <inheritdoc/>
    public LogStoreStatus GetStatus()
    {
        lock (_lock)
        {
            return new LogStoreStatus
            {
                Failure = _failure,
                LastSequence = _sequence,
                LiveBytes = _groups.Values.Sum(static group => group.Bytes),
            };
        }
    }

    /// <summary>Behaves from now on like a store whose disk has failed. For tests.</summary>
    public void Fail(string reason)
    {
        var failure = new LogStoreException(reason);
        lock (_lock)
        {
            if (_failure is not null)
            {
                return;
            }

            _failure = failure;
        }

        ThreadPool.UnsafeQueueUserWorkItem(_ => Failed?.Invoke(failure), null);
    }

    /// <summary>What was written stays readable through a new opening, as a restart would find it.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static LogRange Range(Dictionary<MemoryGroupLog, LogRange> ranges, MemoryGroupLog log) =>
        ranges.TryGetValue(log, out var range) ? range : new LogRange(log.FirstIndex, log.LastIndex);

    private void Check(ReadOnlySpan<LogOperation> operations)
    {
        var ranges = new Dictionary<MemoryGroupLog, LogRange>();
        foreach (ref readonly var operation in operations)
        {
            var log = Resolve(in operation);
            if (Range(ranges, log).TryApply(in operation, out var after) is { } refusal)
            {
                throw new InvalidOperationException(refusal);
            }

            ranges[log] = after;
        }
    }

    private MemoryGroupLog Resolve(in LogOperation operation)
    {
        var opened = operation.Log;
        if (!_groups.TryGetValue(opened.Group, out var log))
        {
            throw new FencedException($"{opened.Group} was removed; owner {opened.Owner} may not write any more.");
        }

        return log.Owner == opened.Owner
            ? log
            : throw new FencedException($"{opened.Group} is owned by {log.Owner}; owner {opened.Owner} may not write any more.");
    }

    private void Apply(in LogOperation operation)
    {
        var log = _groups[operation.Log.Group];
        if (operation.Kind is not LogOperationKind.RemoveGroup)
        {
            log.Apply(in operation);
            return;
        }

        _groups.Remove(log.Group);
        if (!operation.Replica.IsNone)
        {
            if (!_removed.TryGetValue(log.Group, out var removed))
            {
                _removed.Add(log.Group, removed = []);
            }

            removed.Add(operation.Replica);
        }
    }

    private void ThrowIfFailed()
    {
        if (_failure is not null)
        {
            throw _failure;
        }
    }
}
