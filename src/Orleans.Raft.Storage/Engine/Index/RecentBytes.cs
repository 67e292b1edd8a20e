namespace Orleans.Raft.Storage.Engine;

/// <summary>Bounds the payloads that all groups keep at hand: first in, first out. Writer thread only.</summary>
internal sealed class RecentBytes(long limit)
{
    // What an entry costs beside its payload, so that empty ones are bounded too.
    private const int Overhead = 64;

    private readonly RingDeque<(WalGroup Group, long UpTo, long Bytes)> _queue = new();
    private long _bytes;

    /// <summary>Counts entries in and lets go of the oldest ones beyond the limit.</summary>
    public void Add(WalGroup group, long upTo, int entries, long payloadBytes)
    {
        var bytes = payloadBytes + ((long)entries * Overhead);
        _queue.PushBack((group, upTo, bytes));
        _bytes += bytes;
        while (_bytes > limit && _queue.Count > 0)
        {
            var oldest = _queue[0];
            _queue.PopFront(1);
            _bytes -= oldest.Bytes;
            oldest.Group.Forget(oldest.UpTo);
        }
    }
}
