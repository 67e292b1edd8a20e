namespace Orleans.Raft.Hosting;

/// <summary>
/// How much load may be on its way at once: more while answers come quickly, less when they come slowly. A lane that put all its window on a slow
/// link would have its batches overdue, break, and deliver nothing of what it is offered; and control would wait behind them. Used under the lane's lock.
/// </summary>
internal sealed class LaneFlow
{
    private readonly TimeSpan _quick;
    private readonly TimeSpan _slow;
    private readonly long _least;
    private readonly long _most;
    private TimeSpan _shrunkAt = TimeSpan.MinValue;

    public LaneFlow(LaneSettings settings)
    {
        _quick = settings.Deadline / 8;
        _slow = settings.Deadline / 4;
        _least = Math.Min(64 * 1024, settings.MaxBatchBytes);
        _most = (long)settings.MaxBatchBytes * settings.MaxInFlight;
        Limit = _least;
    }

    /// <summary>Bytes of load that may be on their way; a single larger frame may be, alone.</summary>
    public long Limit { get; private set; }

    /// <summary>Bytes of load for one batch: two on their way keep the link busy.</summary>
    public long BatchBytes => Limit / 2;

    /// <summary>A batch was answered.</summary>
    public void OnAnswer(TimeSpan sentAt, TimeSpan now, long bytes)
    {
        if (now - sentAt >= _slow)
        {
            // Those that were sent before the last cut say nothing new.
            if (sentAt > _shrunkAt)
            {
                Limit = Math.Max(_least, Limit / 2);
                _shrunkAt = now;
            }
        }
        else if (now - sentAt <= _quick)
        {
            Limit = Math.Min(_most, Limit + bytes);
        }
    }

    /// <summary>A batch was not answered in time.</summary>
    public void OnBreak(TimeSpan now)
    {
        Limit = _least;
        _shrunkAt = now;
    }
}
