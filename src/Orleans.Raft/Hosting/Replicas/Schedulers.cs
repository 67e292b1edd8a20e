namespace Orleans.Raft.Hosting;

/// <summary>The thread pool, for what needs no order of its own.</summary>
internal sealed class PoolScheduler : IReplicaScheduler
{
    /// <inheritdoc/>
    public void Post(Action<object?> action, object? state) => ThreadPool.UnsafeQueueUserWorkItem(action, state, preferLocal: true);
}

/// <summary>Stands in until the endpoint answers: keeps what is posted, since callers may come before, and nothing may run before.</summary>
internal sealed class UnstartedScheduler : IReplicaScheduler
{
    private readonly Lock _gate = new();
    private readonly Queue<(Action<object?> Action, object? State)> _kept = new();
    private IReplicaScheduler? _successor;

    /// <inheritdoc/>
    public void Post(Action<object?> action, object? state)
    {
        lock (_gate)
        {
            if (_successor is null)
            {
                _kept.Enqueue((action, state));
                return;
            }
        }

        _successor.Post(action, state);
    }

    /// <summary>Hands over what was kept, and whatever still comes.</summary>
    public void GoOnWith(IReplicaScheduler successor)
    {
        lock (_gate)
        {
            _successor = successor;
            while (_kept.TryDequeue(out var kept))
            {
                successor.Post(kept.Action, kept.State);
            }
        }
    }
}
