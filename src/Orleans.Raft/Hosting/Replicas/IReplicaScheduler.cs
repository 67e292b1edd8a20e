namespace Orleans.Raft.Hosting;

/// <summary>Runs closures one at a time. Behind it is a grain's scheduler, the endpoint's, or the simulator's.</summary>
internal interface IReplicaScheduler
{
    /// <summary>Queues a closure; never runs it within the call.</summary>
    void Post(Action<object?> action, object? state);
}

/// <summary>Monotonic time, unrelated to any calendar.</summary>
internal interface IReplicaClock
{
    /// <summary>Time since some fixed moment of this process.</summary>
    TimeSpan Now { get; }
}
