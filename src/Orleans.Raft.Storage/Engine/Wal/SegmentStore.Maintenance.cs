namespace Orleans.Raft.Storage.Engine;

/// <summary>Files made ready, indexed, listed and taken away, in an order in which a crash at any point leaves a directory that opens.</summary>
internal sealed partial class SegmentStore
{
    /// <summary>
    /// Has the next segment ready, writes the indexes of sealed ones, and lets go of the oldest ones that hold nothing any more.
    /// </summary>
    /// <param name="bytes">Least size of the next segment.</param>
    public void Maintain(long bytes = 0)
    {
        lock (_maintenance)
        {
            var made = Prepare(bytes);
            WriteIndexes();
            var dead = FindDead();
            WriteManifest(made, dead);

            // Only now: a segment that is written to is listed, and one that is listed exists.
            lock (_lock)
            {
                _ready = made ?? _ready;
                _segments.RemoveRange(0, dead);
            }

            Recycle();
        }
    }

    /// <summary>The oldest segment, if the directory has grown beyond twice what is live plus three segments and emptying it would help.</summary>
    public Segment? FindToEmpty()
    {
        var figures = GetFigures();
        lock (_lock)
        {
            var oldest = _segments[0];
            return figures.TotalBytes > (2 * figures.LiveBytes) + (3 * _segmentBytes)
                && oldest != Active && _segments[1].FirstSequence != 0 && !oldest.IsStuck
                    ? oldest
                    : null;
        }
    }

    /// <summary>Makes the next segment, or null if there is one.</summary>
    private Segment? Prepare(long bytes)
    {
        long id;
        Segment? tooSmall;
        lock (_lock)
        {
            if (_ready is not null && _ready.Size >= bytes)
            {
                return null;
            }

            // One that is too small for a batch to come is replaced under its own number.
            tooSmall = _ready;
            _ready = null;
            id = _segments.Count == 0 ? 1 : _segments[^1].Id + 1;
        }

        tooSmall?.Dispose();
        return _files.Make(_storeId, id, Math.Max(_segmentBytes, bytes));
    }

    private void WriteIndexes()
    {
        while (true)
        {
            (Segment Segment, List<IndexItem> Items) next;
            lock (_lock)
            {
                if (!_toIndex.TryPeek(out next))
                {
                    return;
                }
            }

            next.Segment.IndexChecksum = _files.WriteIndex(next.Segment, _storeId, next.Items);
            next.Segment.IndexBytes = (long)next.Items.Count * IndexItem.Size;
            next.Items.Clear();
            lock (_lock)
            {
                _toIndex.Dequeue();
                _itemLists.Push(next.Items);
            }
        }
    }

    /// <summary>
    /// Counts the oldest segments that hold nothing. In order only, because records of a later one may be what makes those of an
    /// earlier one void; and only when the state that the next one begins with is durable.
    /// </summary>
    private int FindDead()
    {
        lock (_lock)
        {
            var dead = 0;
            while (dead + 1 < _segments.Count && _segments[dead].LiveBytes == 0 && _segments[dead + 1].FirstSequence != 0)
            {
                _retired.Add(_segments[dead]);
                dead++;
            }

            return dead;
        }
    }

    private void WriteManifest(Segment? made, int dead)
    {
        List<ManifestEntry> entries;
        lock (_lock)
        {
            // The writer may have taken the ready one meanwhile; it is in one of the two places.
            entries = [.. _segments.Skip(dead).Select(Entry)];
            if ((made ?? _ready) is { } ready)
            {
                entries.Add(Entry(ready));
            }
        }

        _files.WriteManifest(new Manifest(_storeId, entries));
    }

    private ManifestEntry Entry(Segment segment) => segment == Active || segment.LastSequence == 0
        ? new ManifestEntry(segment.Id, 0, 0, 0, 0)
        : new ManifestEntry(segment.Id, segment.FirstSequence, segment.LastSequence, segment.WriteOffset, segment.IndexChecksum);

    private void Recycle()
    {
        for (var i = _retired.Count - 1; i >= 0; i--)
        {
            var segment = _retired[i];

            // Somebody still reads it: the next maintenance takes it away.
            if (!segment.TryRetire())
            {
                continue;
            }

            lock (_lock)
            {
                _retired.RemoveAt(i);
            }

            _files.Recycle(segment, keep: segment.Size == _segmentBytes);
        }
    }
}
