namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// Reads the log and decides where it ends (SAFETY-RULES A10): a batch that is not whole is the end of the log if no whole batch with a later
/// sequence exists anywhere, since then it was never acknowledged; else it is corruption, and nothing is cut.
/// </summary>
internal sealed class WalRecovery
{
    private readonly IFileSystem _files;
    private readonly WalPaths _paths;
    private readonly Guid _storeId;
    private readonly Manifest _manifest;
    private readonly IReadOnlyList<Segment> _segments;

    // The first batch of a segment after the last one that holds a whole batch, half written.
    private SegmentReader? _torn;

    public WalRecovery(IFileSystem files, WalPaths paths, Manifest manifest, IReadOnlyList<Segment> segments, WalReplay replay)
    {
        _files = files;
        _paths = paths;
        _storeId = manifest.StoreId;
        _manifest = manifest;
        _segments = segments;
        Replay = replay;
    }

    public WalReplay Replay { get; }

    /// <summary>Sequence of the last whole batch.</summary>
    public long LastSequence { get; private set; }

    /// <summary>What was cut off, or null.</summary>
    public string? CutTail { get; private set; }

    /// <summary>Where the last whole batch stands; null in a log without one.</summary>
    public (Segment Segment, int Offset, int Size)? LastBatch { get; private set; }

    /// <summary>True if the last batch says that everything before it is durable.</summary>
    public bool IsMarked { get; private set; }

    /// <summary>True if the last batch is the mark of a clean close.</summary>
    public bool IsCleanlyClosed { get; private set; }

    /// <summary>Segments that are in use: up to the last one that holds a batch.</summary>
    public List<Segment> Used { get; } = [];

    /// <summary>An empty segment that follows the used ones.</summary>
    public Segment? Ready { get; private set; }

    /// <summary>What segments without a usable index say about entries.</summary>
    public Dictionary<Segment, List<IndexItem>> Items { get; } = [];

    /// <summary>Reads everything.</summary>
    /// <param name="useIndexes">False to read every byte of every segment, as a check does.</param>
    public void Run(bool useIndexes)
    {
        var last = FindLast();
        var next = _manifest.Segments[0].FirstSequence;
        SegmentReader? end = null;
        for (var i = 0; i < _segments.Count; i++)
        {
            // An index tells about entries only; the rest comes from the state that the next segment begins with.
            if (useIndexes && i < last && TryUseIndex(i, ref next))
            {
                Used.Add(_segments[i]);
                continue;
            }

            var reader = new SegmentReader(_segments[i], _storeId);
            next = i == 0 && next == 0 ? FindFirst(reader) : next;
            ReadSegment(reader, ref next);
            if (_segments[i].FirstSequence == 0 && end is not null)
            {
                // Made ready and not used yet, unless what it holds proves that something before it is missing.
                RefuseIfLater(end, reader, next);
                _torn ??= reader.IsTorn ? reader : null;
                NoteEmpty(i, last);
                continue;
            }

            RefuseIfLater(reader, reader, next);
            RefuseIfShort(reader, _manifest.Segments[i], next);
            Used.Add(_segments[i]);
            end = reader;
        }

        Judge(end!.IsTorn ? end : _torn, next);
        LastSequence = next - 1;
        CheckGroups();
    }

    /// <summary>The log's first batch that is still there: the first of its segment, whatever its number.</summary>
    private static long FindFirst(SegmentReader reader)
    {
        var first = reader.FindAtLeast(0) ?? (SegmentHeader.Size, 1);
        return first.Offset == SegmentHeader.Size
            ? first.Sequence
            : throw new CorruptionException(
                reader.Segment.File.Path,
                SegmentHeader.Size,
                $"the first batch of its segment, because batch {first.Sequence} at offset {first.Offset} proves that it was durable",
                "no such batch");
    }

    private static void RefuseIfLater(SegmentReader end, SegmentReader where, long missing)
    {
        if (where.FindAtLeast(missing) is { } later)
        {
            throw new CorruptionException(
                end.Segment.File.Path,
                end.Offset,
                $"batch {missing}, because batch {later.Sequence} at offset {later.Offset} of {where.Segment.File.Path} proves that it was durable",
                end.Problem ?? "something else");
        }
    }

    private static void RefuseIfShort(SegmentReader reader, ManifestEntry listed, long next)
    {
        if (listed.IsSealed && next <= listed.LastSequence)
        {
            throw new CorruptionException(
                reader.Segment.File.Path,
                reader.Offset,
                $"batch {next}, because the manifest says that the segment ends with batch {listed.LastSequence}",
                reader.Problem ?? "something else");
        }
    }

    /// <summary>Number of the last segment that begins with a whole batch: the only one of which every batch must be read.</summary>
    private int FindLast()
    {
        for (var i = _segments.Count - 1; i > 0; i--)
        {
            if (SegmentReader.TryReadFirst(_segments[i], _storeId, out _, out _))
            {
                return i;
            }
        }

        return 0;
    }

    private bool TryUseIndex(int i, ref long next)
    {
        var (segment, listed) = (_segments[i], _manifest.Segments[i]);
        if (!listed.IsSealed || (next != 0 && listed.FirstSequence != next)
            || IndexFile.TryRead(_files, _paths.Index(segment.Id), segment.Id, WalLog.TagOf(_storeId), listed.IndexChecksum) is not { } items
            || !SegmentReader.TryReadFirst(segment, _storeId, out var header, out var body)
            || header.Sequence != listed.FirstSequence)
        {
            return false;
        }

        Replay.ApplyCarry(segment, SegmentHeader.Size + BatchHeader.Size, in header, body);
        Replay.Apply(segment, items);
        segment.FirstSequence = listed.FirstSequence;
        segment.LastSequence = listed.LastSequence;
        segment.WriteOffset = listed.DataEnd;
        segment.IndexChecksum = listed.IndexChecksum;
        segment.IndexBytes = (long)items.Length * IndexItem.Size;
        next = listed.LastSequence + 1;
        return true;
    }

    private void ReadSegment(SegmentReader reader, ref long next)
    {
        var segment = reader.Segment;
        var offset = reader.Offset;
        List<IndexItem> items = [];
        while (reader.TryRead(next, out var header, out var body))
        {
            if (segment.FirstSequence == 0)
            {
                RefuseWithoutCarry(segment, in header);
                segment.FirstSequence = header.Sequence;
            }

            Replay.Apply(segment, offset + BatchHeader.Size, in header, body, items);
            IsMarked = header.Flags.HasFlag(BatchFlags.Mark);
            IsCleanlyClosed = header.Flags.HasFlag(BatchFlags.Close);
            LastBatch = (segment, offset, header.PaddedSize);
            segment.LastSequence = header.Sequence;
            offset = reader.Offset;
            segment.WriteOffset = offset;
            next++;
        }

        Items[segment] = items;
    }

    private static void RefuseWithoutCarry(Segment segment, in BatchHeader header)
    {
        if (!header.Flags.HasFlag(BatchFlags.Carry))
        {
            throw new CorruptionException(
                segment.File.Path, SegmentHeader.Size, $"batch {header.Sequence}, first of its segment, to begin with the state of all groups", "a batch without it");
        }
    }

    private void NoteEmpty(int i, int last)
    {
        // Batches can't skip a segment, so an empty one in the middle was left by an opening that found it too small.
        if (i < last)
        {
            Used.Add(_segments[i]);
        }
        else if (Ready is null)
        {
            Ready = _segments[i];
        }
        else
        {
            // A crash between taking one and writing to it; this one is made again when its turn comes.
            _segments[i].Dispose();
        }
    }

    private void Judge(SegmentReader? end, long next)
    {
        if (end is not null)
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
                    _segments[0].File.Path, 0, $"entry {hole} of {group} in one of the segments {_segments[0].Id}..{_segments[^1].Id}", "no such record");
            }
        }
    }
}
