namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// How large the directory may become: twice what is live and four segments. Beyond that it does not grow: before a segment is added, the live entries of the
/// oldest ones are moved, so that one of them can be used again. Where live bytes fall faster than that, the directory shrinks before it grows.
/// </summary>
internal sealed partial class SegmentStore
{
    private const int SegmentsBesideLive = 4;

    // Heads and padding of the sync batches that move the oldest segment's entries, beside an eighth of them.
    private const int MoveSlack = 4 << 10;

    /// <summary>Bytes that are moved in one sync batch: small, because everybody's writes wait for it.</summary>
    public int ChunkBytes => (int)Math.Clamp(_segmentBytes / 8, 4 << 10, 256 << 10);

    /// <summary>The oldest segment, if the next roll would need it for the directory to stay small, and emptying it helps.</summary>
    public Segment? FindToEmpty()
    {
        lock (_lock)
        {
            return ShouldEmptyOldest_NeedsLock() ? _segments[0] : null;
        }
    }

    /// <summary>
    /// Writer: true if, with a batch of the given size, the oldest segment could not be emptied any more within the budget. Where its live entries fit behind the
    /// batch, the next segment is needed for what follows only; else for them, too.
    /// </summary>
    public bool IsShortOfRoom(long batchBytes)
    {
        lock (_lock)
        {
            var live = _segments[0].LiveBytes;
            var fits = live + (live / 8) + MoveSlack <= Active.Size - Active.WriteOffset - batchBytes;
            var (toMove, deficit) = Cleaning_NeedsLock();
            return toMove >= 0 && Used_NeedsLock(pendingIndexes: true) + ((fits ? 1 : 2) * _segmentBytes) + deficit > Budget_NeedsLock();
        }
    }

    /// <summary>Bytes that all files may have, but for a little that is left to manifest and identity.</summary>
    private long Budget_NeedsLock() => (2 * Live_NeedsLock()) + (SegmentsBesideLive * _segmentBytes) - (_segmentBytes / 8);

    private long Live_NeedsLock()
    {
        var live = 0L;
        foreach (var segment in _segments)
        {
            live += segment.LiveBytes;
        }

        return live;
    }

    /// <summary>Bytes of segments in use and of their indexes.</summary>
    /// <param name="pendingIndexes">True to count indexes that are still to be written, the active segment's among them.</param>
    private long Used_NeedsLock(bool pendingIndexes)
    {
        var bytes = 0L;
        foreach (var segment in _segments)
        {
            bytes += segment.Size + segment.IndexBytes;
        }

        if (pendingIndexes)
        {
            bytes += (long)_items.Count * IndexItem.Size;
            foreach (var (_, items) in _toIndex)
            {
                bytes += (long)items.Count * IndexItem.Size;
            }
        }

        return bytes;
    }

    /// <summary>True if there is a spare file to make a segment of, or room for a new one.</summary>
    private bool MayAddSegment_NeedsLock() =>
        _files.SpareBytes > 0 || Used_NeedsLock(pendingIndexes: true) + _segmentBytes <= Budget_NeedsLock();

    private bool MayKeepSpare()
    {
        lock (_lock)
        {
            // The next one saves filling a file with zeros; so does the next but one, where it may be there.
            var ahead = (_ready?.Size ?? 0) + _files.SpareBytes;
            return ahead == 0 || (ahead <= _segmentBytes && Used_NeedsLock(pendingIndexes: true) + ahead + _segmentBytes <= Budget_NeedsLock());
        }
    }

    private bool IsReadyFromSpare()
    {
        lock (_lock)
        {
            return _ready is null && _files.SpareBytes > 0;
        }
    }

    private bool IsOldestDead_NeedsLock() => _segments[0] != Active && _segments[0].LiveBytes == 0 && _segments[1].FirstSequence != 0;

    /// <summary>
    /// True if the next roll could not be had within the budget, counting what others write until a whole segment is gained: about as much as is moved.
    /// </summary>
    private bool ShouldEmptyOldest_NeedsLock()
    {
        var (toMove, deficit) = Cleaning_NeedsLock();
        return toMove >= 0 && Used_NeedsLock(pendingIndexes: true) + (2 * _segmentBytes) + toMove + deficit > Budget_NeedsLock();
    }

    /// <summary>
    /// What it takes to gain a whole segment. The oldest ones may be full of live entries, and only those behind them worth emptying: moving the former needs a little
    /// more room than it frees, because what is moved stands behind the state of all groups again.
    /// </summary>
    /// <returns>Bytes to move, or -1 if no moving gains a segment; and the bytes that the directory grows by before it gets smaller.</returns>
    private (long ToMove, long Deficit) Cleaning_NeedsLock()
    {
        var room = Math.Max(1, _segmentBytes - SegmentHeader.Size - Volatile.Read(ref _carryBytes));
        double moved = 0, gained = 0, deficit = 0;
        for (var i = 0; i + 1 < _segments.Count && _segments[i + 1].FirstSequence != 0 && !_segments[i].IsStuck; i++)
        {
            var segment = _segments[i];
            double live = segment.LiveBytes;
            moved += live;
            gained += segment.Size + segment.IndexBytes - (live * _segmentBytes / room) - (segment.IndexBytes * live / segment.WriteOffset);
            if (gained >= _segmentBytes)
            {
                return ((long)moved, (long)deficit);
            }

            deficit = Math.Max(deficit, -gained);
        }

        return (-1, 0);
    }
}
