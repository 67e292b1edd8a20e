namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// Reads the log and decides where it ends (SAFETY-RULES A10): a batch that is not whole is the end of the log if no whole batch with a later
/// sequence exists anywhere, since then it was never acknowledged; else it is corruption, and nothing is cut.
/// </summary>
internal sealed class WalRecovery(Manifest manifest, IReadOnlyList<Segment> segments, WalReplay replay)
{
    public WalReplay Replay { get; } = replay;

    /// <summary>Sequence of the last whole batch.</summary>
    public long LastSequence { get; private set; }

    /// <summary>What was cut off, or null.</summary>
    public string? CutTail { get; private set; }

    public void Run(Guid storeId)
    {
        var next = manifest.Segments[0].FirstSequence;
        SegmentReader? end = null;
        for (var i = 0; i < segments.Count; i++)
        {
            var reader = new SegmentReader(segments[i], storeId);
            if (i == 0 && next == 0)
            {
                next = FirstSequence(reader);
            }

            ReadSegment(reader, ref next);
            if (segments[i].FirstSequence == 0 && end is not null)
            {
                // Made ready and not used yet, unless what it holds proves that something before it is missing.
                RefuseIfLater(end, reader, next);
                continue;
            }

            RefuseIfLater(reader, reader, next);
            RefuseIfShort(reader, manifest.Segments[i], next);
            end = reader;
        }

        Judge(end!, next);
        LastSequence = next - 1;
        CheckGroups();
    }

    private static long FirstSequence(SegmentReader reader)
    {
        // The oldest segment was never sealed, so it is the first that this store ever had, or the one after a reclaimed past.
        return reader.FindAtLeast(0)?.Sequence ?? 1;
    }

    private void ReadSegment(SegmentReader reader, ref long next)
    {
        var segment = reader.Segment;
        var offset = reader.Offset;
        while (reader.TryRead(next, out var header, out var body))
        {
            if (segment.FirstSequence == 0)
            {
                segment.FirstSequence = header.Sequence;
            }

            Replay.Apply(segment, offset + BatchHeader.Size, in header, body);
            segment.LastSequence = header.Sequence;
            offset = reader.Offset;
            segment.WriteOffset = offset;
            next++;
        }
    }

    private static void RefuseIfLater(SegmentReader end, SegmentReader where, long missing)
    {
        if (where.FindAtLeast(missing) is { } later)
        {
            throw new CorruptionException(
                end.Segment.File.Path, end.Offset, $"batch {missing}, because batch {later.Sequence} at offset {later.Offset} of {where.Segment.File.Path} proves that it was durable",
                end.Problem ?? "something else");
        }
    }

    private static void RefuseIfShort(SegmentReader reader, ManifestEntry listed, long next)
    {
        if (listed.IsSealed && next <= listed.LastSequence)
        {
            throw new CorruptionException(
                reader.Segment.File.Path, reader.Offset, $"batch {next}, because the manifest says that the segment ends with batch {listed.LastSequence}",
                reader.Problem ?? "something else");
        }
    }

    private void Judge(SegmentReader end, long next)
    {
        if (end.IsTorn)
        {
            CutTail = $"{end.Segment.File.Path}, offset {end.Offset}: batch {next} was being written when the process or the machine stopped; "
                + $"it was never acknowledged and is cut ({end.Problem}).";
        }
    }

    private void CheckGroups()
    {
        foreach (var group in Replay.Groups)
        {
            var hole = group.FindHole();
            if (hole != 0 || group.Id.IsDefault)
            {
                throw new CorruptionException(
                    segments[0].File.Path, 0, $"entry {hole} of {group} in one of the segments {segments[0].Id}..{segments[^1].Id}", "no such record");
            }
        }
    }
}
