using System;

namespace Orleans.Raft.Core;

/// <summary>Append messages sent to one peer and not yet acknowledged: a ring of (last index, payload bytes) that grows up to the limit.</summary>
internal sealed class Inflights(int maxMessages, long maxBytes)
{
    private (long Index, long Bytes)[] _ring = [];
    private int _start;

    /// <summary>Messages in flight.</summary>
    public int Count { get; private set; }

    /// <summary>Their payload.</summary>
    public long Bytes { get; private set; }

    /// <summary>The byte limit is soft: the message that crosses it was still sent.</summary>
    public bool IsFull => Count >= maxMessages || (maxBytes != 0 && Bytes >= maxBytes);

    public void Add(long lastIndex, long bytes)
    {
        Invariant.Holds(!IsFull, $"count={Count} bytes={Bytes} max={maxMessages} maxBytes={maxBytes}");
        Invariant.Holds(bytes >= 0, $"a message of {bytes} bytes");
        if (Count == _ring.Length)
        {
            Grow();
        }

        // Ascending, because an acknowledgement frees everything up to its index and stops at the first that is higher.
        var last = Count == 0 ? 0 : _ring[(_start + Count - 1) & (_ring.Length - 1)].Index;
        Invariant.Holds(lastIndex > last, $"a message up to {lastIndex} leaves after one up to {last}");

        _ring[(_start + Count) & (_ring.Length - 1)] = (lastIndex, bytes);
        Count++;
        Bytes += bytes;
    }

    /// <summary>Everything up to <paramref name="index"/> is acknowledged.</summary>
    public void FreeTo(long index)
    {
        while (Count > 0 && _ring[_start].Index <= index)
        {
            Bytes -= _ring[_start].Bytes;
            _start = (_start + 1) & (_ring.Length - 1);
            Count--;
        }

        Invariant.Holds(Bytes >= 0 && (Count > 0 || Bytes == 0), $"{Bytes} bytes are left in flight by {Count} messages");
    }

    /// <summary>Nothing is in flight any more, or nothing of it counts.</summary>
    public void Reset()
    {
        // The bytes too: a window that counted lost messages would stay full for ever (etcd raft issue 54).
        Count = _start = 0;
        Bytes = 0;
    }

    /// <summary>Gives room back if nothing is in flight.</summary>
    public void Shrink()
    {
        if (Count == 0)
        {
            _ring = [];
            _start = 0;
        }
    }

    /// <summary>What is always true, for the peer that has acknowledged <paramref name="match"/> and is sent <paramref name="next"/> next.</summary>
    public void AssertInvariants(long match, long next)
    {
        Invariant.Holds(Count >= 0 && Count <= _ring.Length, $"{Count} of {_ring.Length}");
        Invariant.Holds(Count <= maxMessages, $"{Count} messages in flight, at most {maxMessages} may be");
        var (before, bytes) = (match, 0L);
        for (var i = 0; i < Count; i++)
        {
            var (index, size) = _ring[(_start + i) & (_ring.Length - 1)];
            Invariant.Holds(index > before, $"in flight up to {index} after {before}: acknowledged already, or out of order");
            (before, bytes) = (index, bytes + size);
        }

        Invariant.Holds(before < next, $"in flight up to {before}, sent up to {next - 1}");
        Invariant.Holds(bytes == Bytes, $"{bytes} bytes are in flight, {Bytes} are counted");
    }

    // Lazily, because a process holds thousands of groups, most of which are idle. A power of two, so that positions wrap by a mask.
    private void Grow()
    {
        var larger = new (long, long)[Math.Max(4, _ring.Length * 2)];
        for (var i = 0; i < Count; i++)
        {
            larger[i] = _ring[(_start + i) & (_ring.Length - 1)];
        }

        _ring = larger;
        _start = 0;
        Invariant.Holds((_ring.Length & (_ring.Length - 1)) == 0 && Count < _ring.Length, $"{Count} messages in a ring of {_ring.Length}");
    }
}
