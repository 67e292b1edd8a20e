namespace Orleans.Raft.Hosting;

/// <summary>The thread pool, for what needs no order of its own.</summary>
internal sealed class PoolScheduler : IReplicaScheduler
{
    /// <inheritdoc/>
    public void Post(Action<object?> action, object? state) => ThreadPool.UnsafeQueueUserWorkItem(action, state, preferLocal: true);
}

/// <summary>Stands in until the endpoint answers. Nothing may run before.</summary>
internal sealed class UnstartedScheduler : IReplicaScheduler
{
    /// <inheritdoc/>
    public void Post(Action<object?> action, object? state) =>
        throw new InvalidOperationException("Something was posted before the silo's endpoint was ready.");
}
