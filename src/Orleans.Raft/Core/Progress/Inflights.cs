using System;

namespace Orleans.Raft.Core;

/// <summary>Append messages sent to one peer and not yet acknowledged: a ring of (last index, payload bytes) that grows up to the limit.</summary>
internal sealed class Inflights(int maxMessages, long maxBytes)
{
    private (long Index, long Bytes)[] _ring = [];
    private int _start;

    public int Count { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>The byte limit is soft: the message that crosses it was still sent.</summary>
    public bool IsFull => Count >= maxMessages || (maxBytes != 0 && Bytes >= maxBytes);

    public void Add(long lastIndex, long bytes)
    {
        Invariant.Holds(!IsFull, $"count={Count} bytes={Bytes} max={maxMessages} maxBytes={maxBytes}");
        if (Count == _ring.Length)
        {
            Grow();
        }

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
    }

    public void Reset()
    {
        Count = _start = 0;
        Bytes = 0;
    }

    private void Grow()
    {
        var larger = new (long, long)[Math.Max(4, _ring.Length * 2)];
        for (var i = 0; i < Count; i++)
        {
            larger[i] = _ring[(_start + i) & (_ring.Length - 1)];
        }

        _ring = larger;
        _start = 0;
    }
}
