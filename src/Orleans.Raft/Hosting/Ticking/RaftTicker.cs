namespace Orleans.Raft.Hosting;

/// <summary>
/// The silo's one source of time for its groups. Groups are spread over the interval, so that not all of them tick at one instant
/// (SAFETY-RULES C9).
/// </summary>
internal sealed class RaftTicker : IDisposable
{
    /// <summary>Parts of a tick interval.</summary>
    public const int Slots = 5;

    private readonly Action<int> _onSlot;
    private readonly ITimer _timer;
    private int _slot;
    private int _isRunning;

    public RaftTicker(TimeProvider time, TimeSpan interval, Action<int> onSlot)
    {
        _onSlot = onSlot;
        var period = interval / Slots;
        _timer = time.CreateTimer(static ticker => ((RaftTicker)ticker!).OnTimer(), this, period, period);
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void OnTimer()
    {
        // A callback that is late must not pile up on the next one.
        if (Interlocked.Exchange(ref _isRunning, 1) != 0)
        {
            return;
        }

        try
        {
            _onSlot(_slot);
            _slot = (_slot + 1) % Slots;
        }
        finally
        {
            Volatile.Write(ref _isRunning, 0);
        }
    }
}
