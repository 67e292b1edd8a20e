namespace Orleans.Raft.Storage.Engine;

/// <summary>Files made ready, indexed, listed and taken away, in an order in which a crash at any point leaves a directory that opens.</summary>
internal sealed partial class SegmentStore
{
    /// <summary>
    /// Has the next segment ready, writes the indexes of sealed ones, and lets go of the oldest ones that hold nothing any more.
    /// </summary>
    /// <param name="bytes">Least size of the next segment, if it is needed however large the directory is; 0 to make one only where it may grow.</param>
    public void Maintain(long bytes = 0)
    {
        lock (_maintenance)
        {
            MaintainOnce(bytes);
            if (IsReadyFromSpare())
            {
                // What was taken away just now is the next one.
                MaintainOnce(bytes);
            }
        }
    }

    private void MaintainOnce(long bytes)
    {
        var made = Prepare(bytes);
        var isIndexed = WriteIndexes();
        var dead = FindDead();
        if (made is not null || isIndexed || dead > 0)
        {
            WriteManifest(made, dead);
        }

        // Only now: a segment that is written to is listed, and one that is listed exists.
        lock (_lock)
        {
            _ready = made ?? _ready;
            _segments.RemoveRange(0, dead);
        }

        Recycle();
    }

    /// <summary>Makes the next segment, or null if there is one, or if the directory must not grow now.</summary>
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

            if (bytes == 0 && !MayAddSegment_NeedsLock())
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

    /// <summary>Returns false if there was none to write.</summary>
    private bool WriteIndexes()
    {
        for (var isWritten = false; ; isWritten = true)
        {
            (Segment Segment, List<IndexItem> Items) next;
            lock (_lock)
            {
                if (!_toIndex.TryPeek(out next))
                {
                    return isWritten;
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

            _files.Recycle(segment, keep: segment.Size == _segmentBytes && MayKeepSpare());
        }
    }
}
