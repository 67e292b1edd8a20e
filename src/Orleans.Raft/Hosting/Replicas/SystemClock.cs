namespace Orleans.Raft.Hosting;

/// <summary>Monotonic time of the silo's <see cref="TimeProvider"/>.</summary>
internal sealed class SystemClock(TimeProvider time) : IReplicaClock
{
    private readonly long _start = time.GetTimestamp();

    /// <inheritdoc/>
    public TimeSpan Now => time.GetElapsedTime(_start);
}
