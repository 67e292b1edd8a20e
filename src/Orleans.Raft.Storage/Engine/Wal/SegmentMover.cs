namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// Copies the live entries of a lagging group out of the oldest segment, so that it can be taken away: one idle group must not keep the
/// log of all the busy ones.
/// </summary>
internal sealed class SegmentMover(WalLog log, Func<MoveRequest, bool> commit)
{
    private readonly int _chunkBytes = log.Segments.ChunkBytes;

    private readonly List<long> _indexes = [];

    /// <summary>Empties the oldest segment if the directory is too large for what it holds. True if there may be more to do.</summary>
    public bool TryEmptyOldest()
    {
        if (log.Segments.FindToEmpty() is not { } segment)
        {
            return false;
        }

        var request = new MoveRequest(segment);
        foreach (var group in log.GetGroups())
        {
            _indexes.Clear();
            group.FindEntriesIn(segment, _indexes);
            foreach (var index in _indexes)
            {
                if (!TryAdd(request, group, index))
                {
                    segment.IsStuck = true;
                    return false;
                }

                if (request.Bytes >= _chunkBytes)
                {
                    if (!commit(request))
                    {
                        return false;
                    }

                    request = new MoveRequest(segment);
                }
            }
        }

        if (request.Entries.Count > 0 && !commit(request))
        {
            return false;
        }

        // Nobody knows what else would be live in it; emptying it once more can't help.
        segment.IsStuck = segment.LiveBytes > 0;
        return !segment.IsStuck;
    }

    private static bool TryAdd(MoveRequest request, WalGroup group, long index)
    {
        if (!group.TryGetSlot(index, out var slot) || slot.Segment != request.From || !request.From.TryPin())
        {
            // It died meanwhile.
            return true;
        }

        try
        {
            request.Add(group, index, group.ReadRecord(in slot, index));
            return true;
        }
        catch (IOException)
        {
            // The group's replica learns of it when it reads the entry; until then, or until the group is made anew, the segment stays.
            return false;
        }
        finally
        {
            request.From.Unpin();
        }
    }
}
