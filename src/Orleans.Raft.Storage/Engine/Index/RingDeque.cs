namespace Orleans.Raft.Storage.Engine;

/// <summary>A growing ring: cheap at both ends, addressable, without allocation once it has its size.</summary>
internal sealed class RingDeque<T>
{
    // Two rings a group, and most of a silo's groups hold a handful of entries.
    private const int SmallestCapacity = 4;

    private T[] _items = [];
    private int _head;

    public int Count { get; private set; }

    public ref T this[int position]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)position, (uint)Count, nameof(position));
            return ref _items[(_head + position) & (_items.Length - 1)];
        }
    }

    public void PushBack(T item)
    {
        if (Count == _items.Length)
        {
            Resize(Math.Max(SmallestCapacity, Count * 2));
        }

        Count++;
        this[Count - 1] = item;
    }

    public void PopFront(int count)
    {
        Clear(0, count);
        _head = _items.Length == 0 ? 0 : (_head + count) & (_items.Length - 1);
        Count -= count;
        Shrink();
    }

    public void PopBack(int count)
    {
        Clear(Count - count, count);
        Count -= count;
        Shrink();
    }

    private void Clear(int from, int count)
    {
        for (var i = from; i < from + count; i++)
        {
            this[i] = default!;
        }
    }

    private void Shrink()
    {
        // An eighth leaves room to grow and shrink around a size without copying each time.
        if (_items.Length > 1024 && Count < _items.Length / 8)
        {
            Resize(_items.Length / 4);
        }
    }

    private void Resize(int capacity)
    {
        var items = new T[capacity];
        for (var i = 0; i < Count; i++)
        {
            items[i] = _items[(_head + i) & (_items.Length - 1)];
        }

        _items = items;
        _head = 0;
    }
}
