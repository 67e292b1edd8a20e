namespace Orleans.Raft.Storage.Clustering;

/// <summary>How long an operation may take: the usual time, and from the moment on at which the silo is stopping, a short one.</summary>
internal sealed class OperationLimit : IDisposable
{
    private readonly CancellationTokenSource _deadline;
    private readonly CancellationTokenSource _either;
    private readonly CancellationTokenRegistration _registration;

    public OperationLimit(TimeSpan usual, CancellationToken stopping, TimeSpan whenStopping, TimeProvider time, CancellationToken caller)
    {
        _deadline = new CancellationTokenSource(usual, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_deadline.Token, caller);
        _registration = stopping.Register(() => _deadline.CancelAfter(whenStopping));
    }

    /// <summary>Cancelled when the time is over, or by the caller.</summary>
    public CancellationToken Token => _either.Token;

    public void Dispose()
    {
        _registration.Dispose();
        _either.Dispose();
        _deadline.Dispose();
    }
}
