namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// The segments of the log, oldest first, and the manifest that lists them. The writer appends to the active one and moves on to the next;
/// maintenance, usually on another thread, has the next one ready and takes the dead ones away.
/// </summary>
internal sealed partial class SegmentStore : IDisposable
{
    private readonly SegmentFiles _files;
    private readonly Guid _storeId;
    private readonly long _segmentBytes;

    // Held while files are made, listed or taken away: by maintenance, and by a writer that finds no segment ready.
    private readonly Lock _maintenance = new();

    // Guards the fields below. Never held during I/O.
    private readonly Lock _lock = new();
    private readonly List<Segment> _segments = [];
    private readonly List<Segment> _retired = [];
    private readonly Queue<(Segment Segment, List<IndexItem> Items)> _toIndex = new();
    private readonly Stack<List<IndexItem>> _itemLists = new();
    private Segment? _ready;

    // Written by the writer only: what the active segment says about entries, for its index file.
    private List<IndexItem> _items;

    // Bytes with which a segment begins: the state of all groups. They count as used up when entries are moved.
    private long _carryBytes;

    public SegmentStore(SegmentFiles files, Guid storeId, long segmentBytes)
    {
        _files = files;
        _storeId = storeId;
        _segmentBytes = segmentBytes;
        _items = NewItems();
    }

    /// <summary>Raised by the writer when there is something for maintenance to do.</summary>
    public event Action? MaintenanceNeeded;

    /// <summary>The segment being written. Writer only.</summary>
    public Segment Active { get; private set; } = null!;

    /// <summary>Takes over what recovery found.</summary>
    /// <param name="segments">Segments, oldest first; the last one is written on.</param>
    /// <param name="ready">An empty one that follows, if there is.</param>
    /// <param name="items">What full readings found in segments that have no index file yet.</param>
    public void Adopt(IReadOnlyList<Segment> segments, Segment? ready, IReadOnlyDictionary<Segment, List<IndexItem>> items)
    {
        _segments.AddRange(segments);
        _ready = ready;
        Active = _segments[^1];
        foreach (var segment in _segments)
        {
            if (segment == Active)
            {
                _items = items.GetValueOrDefault(segment) ?? NewItems();
            }
            else if (items.TryGetValue(segment, out var found) && segment.FirstSequence != 0)
            {
                _toIndex.Enqueue((segment, found));
            }
        }
    }

    /// <summary>Makes the first segment of a new store.</summary>
    public void Begin()
    {
        Maintain();
        Take();
    }

    /// <summary>Writer: notes what the active segment says about an entry.</summary>
    public void Note(in IndexItem item) => _items.Add(item);

    /// <summary>Writer: goes on to the next segment, which has room for the carried state and a batch of the given size.</summary>
    public void Advance(long batchBytes, long carryBytes)
    {
        Volatile.Write(ref _carryBytes, carryBytes);
        var bytes = SegmentHeader.Size + carryBytes + batchBytes;
        if (!IsReady(bytes))
        {
            Maintain(bytes);
        }

        Take();
        MaintenanceNeeded?.Invoke();
    }

    /// <summary>Writer: asks for maintenance if the oldest segment holds nothing any more, or should be emptied.</summary>
    public void CheckForDead()
    {
        bool isNeeded;
        lock (_lock)
        {
            isNeeded = IsOldestDead_NeedsLock() || ShouldEmptyOldest_NeedsLock();
        }

        if (isNeeded)
        {
            MaintenanceNeeded?.Invoke();
        }
    }

    public SegmentFigures GetFigures()
    {
        lock (_lock)
        {
            var retired = 0L;
            foreach (var segment in _retired)
            {
                // While the manifest that lets go of it is written it is in both lists.
                retired += segment.Id < _segments[0].Id ? segment.Size + segment.IndexBytes : 0;
            }

            return new SegmentFigures(
                _segments.Count, Used_NeedsLock(pendingIndexes: false) + (_ready?.Size ?? 0) + retired + _files.SpareBytes, Live_NeedsLock());
        }
    }

    public void Dispose()
    {
        lock (_maintenance)
        {
            foreach (var segment in _segments.Concat(_retired))
            {
                segment.Dispose();
            }

            _ready?.Dispose();
        }
    }

    /// <summary>Room for a segment full of records of a kilobyte; smaller ones make the list grow once, and it is used again.</summary>
    private List<IndexItem> NewItems() => new((int)Math.Clamp(_segmentBytes / 1024, 1024, 64 << 10));

    private bool IsReady(long bytes)
    {
        lock (_lock)
        {
            return _ready is not null && _ready.Size >= bytes;
        }
    }

    private void Take()
    {
        lock (_lock)
        {
            if (Active is not null)
            {
                _toIndex.Enqueue((Active, _items));
                _items = _itemLists.TryPop(out var list) ? list : NewItems();
            }

            Active = _ready!;
            _segments.Add(Active);
            _ready = null;
        }
    }
}

/// <summary>Figures of a log's files.</summary>
/// <param name="SegmentCount">Segments in use.</param>
/// <param name="TotalBytes">Bytes of all files: segments, their indexes, ready and spare ones.</param>
/// <param name="LiveBytes">Bytes of records whose entries can be read.</param>
internal readonly record struct SegmentFigures(int SegmentCount, long TotalBytes, long LiveBytes);
