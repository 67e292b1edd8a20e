using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Engine;

/// <summary>Reads identity, manifest and segments of a directory, by the same rules as an opening and without changing anything.</summary>
internal sealed class LogInspection : IDisposable
{
    private readonly WalPaths _paths;
    private readonly IdentityFile _identity;
    private readonly Manifest _manifest;
    private readonly List<Segment> _segments = [];
    private WalRecovery? _recovery;

    private LogInspection(WalPaths paths, IdentityFile identity, Manifest manifest)
    {
        _paths = paths;
        _identity = identity;
        _manifest = manifest;
    }

    private static PhysicalFileSystem Files => PhysicalFileSystem.Instance;

    public static LogInspection Open(WalPaths paths)
    {
        var identity = IdentityFile.Read(Files, paths.Identity);
        return new LogInspection(paths, identity, Manifest.ReadFor(Files, paths.Manifest, identity.StoreId));
    }

    /// <summary>Reads every byte of every segment.</summary>
    public void Recover()
    {
        foreach (var listed in _manifest.Segments)
        {
            var path = _paths.Segment(listed.Segment);
            if (!Files.FileExists(path))
            {
                throw new CorruptionException(path, 0, $"segment {listed.Segment}, which {_paths.Manifest} lists", "no such file");
            }

            var file = Files.Open(path, readOnly: true);
            _segments.Add(new Segment(file, listed.Segment, file.Length));
        }

        new SegmentFiles(Files, _paths).RefuseIfUsed(_manifest, _identity.StoreId);
        var recovery = new WalRecovery(Files, _paths, _manifest, _segments, new WalReplay(this));
        recovery.Run(useIndexes: false);
        _recovery = recovery;
    }

    /// <summary>Adds everything that can be said about the log.</summary>
    public EngineReport Describe(EngineReport report, Findings findings)
    {
        report = report with
        {
            StoreId = _identity.StoreId,
            OpenCounter = _identity.OpenCounter,
            ServiceId = _identity.ServiceId,
            SiloName = _identity.SiloName,
        };
        findings.Try(Recover);
        report = report with { Segments = [.. _manifest.Segments.Select(listed => Describe(listed, findings))] };
        if (_recovery is not { } recovery)
        {
            return report;
        }

        if (recovery.CutTail is { } cut)
        {
            findings.Add(EngineCondition.TornTail, cut);
        }

        return report with
        {
            LastSequence = recovery.LastSequence,
            IsCleanlyClosed = recovery.IsCleanlyClosed,
            Groups = [.. recovery.Replay.Groups.Select(Describe).OrderBy(static group => group.Group.Name, StringComparer.Ordinal).ThenBy(static group => group.Group.Index)],
            RemovedReplicas = [.. recovery.Replay.Removed.SelectMany(static pair => pair.Value, static (pair, replica) => $"{pair.Key} {replica}").Order(StringComparer.Ordinal)],
        };
    }

    public IReadOnlyList<EntryReport> ReadEntries(RaftGroupId id)
    {
        var group = _recovery!.Replay.Groups.FirstOrDefault(group => group.Id == id)
            ?? throw new ArgumentException($"{_paths.Directory} holds no log of group {id}.", nameof(id));
        List<EntryReport> entries = [];
        for (var index = group.FirstIndex; group.TryGetSlot(index, out var slot); index++)
        {
            var payload = group.ReadRecord(in slot, index).AsSpan(RecordHeader.Size);
            entries.Add(new EntryReport(
                slot.Term, index, slot.Type.ToString(), slot.PayloadLength, Path.GetFileName(slot.Segment!.File.Path), slot.Offset, Crc32C.Of(payload)));
        }

        return entries;
    }

    public void Dispose() => _segments.ForEach(static segment => segment.Dispose());

    private static GroupReport Describe(WalGroup group)
    {
        var (hardState, confState) = group.InitialState;
        var live = 0L;
        for (var index = group.FirstIndex; group.TryGetSlot(index, out var slot); index++)
        {
            live += slot.RecordSize;
        }

        return new GroupReport(group.Id, group.Number, group.Generation)
        {
            CompactedTerm = group.Compacted.Term,
            CompactedIndex = group.Compacted.Index,
            LastTerm = group.TryGetTerm(group.LastIndex, out var term) ? term : 0,
            LastIndex = group.LastIndex,
            Term = hardState.Term,
            Vote = hardState.Vote.Value,
            Committed = hardState.Commit,
            Configuration = confState.ToString(),
            LiveBytes = live,
            MetadataBytes = group.Metadata.Length,
        };
    }

    /// <summary>Reads a segment for itself, so that the table is whole where the log is not.</summary>
    private SegmentReport Describe(ManifestEntry listed, Findings findings)
    {
        var path = _paths.Segment(listed.Segment);
        var report = new SegmentReport(listed.Segment, Path.GetFileName(path), 0);
        string? problem = null;
        try
        {
            using var segment = Open(path, listed.Segment);
            var reader = new SegmentReader(segment, _identity.StoreId);
            var first = reader.FindAtLeast(0);
            var next = first?.Sequence ?? 0;
            while (first is not null && reader.TryRead(next, out _, out _))
            {
                next++;
            }

            report = report with
            {
                FileBytes = segment.Size,
                FirstSequence = reader.Offset > SegmentHeader.Size ? first!.Value.Sequence : 0,
                LastSequence = reader.Offset > SegmentHeader.Size ? next - 1 : 0,
                DataEnd = reader.Offset,
                LiveBytes = _recovery is null ? 0 : _segments.Find(used => used.Id == listed.Segment)?.LiveBytes ?? 0,
            };
            problem = reader.FindAtLeast(next) is { } later && first is not null
                ? $"offset {reader.Offset}: {reader.Problem}, and batch {later.Sequence} at offset {later.Offset}"
                : reader.IsTorn ? $"offset {reader.Offset}: torn ({reader.Problem})" : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = e is CorruptionException corrupt ? $"offset {corrupt.Offset}: expected {corrupt.Expected}, found {corrupt.Found}" : e.Message;
        }

        return report with { Index = DescribeIndex(listed, findings), Problem = problem };
    }

    private static Segment Open(string path, long id)
    {
        var file = Files.Open(path, readOnly: true);
        return new Segment(file, id, file.Length);
    }

    private string DescribeIndex(ManifestEntry listed, Findings findings)
    {
        var path = _paths.Index(listed.Segment);
        if (listed.IndexChecksum == 0)
        {
            return "none";
        }

        if (!Files.FileExists(path))
        {
            findings.Notes.Add($"{path}: missing; the next opening reads the whole segment and makes it again.");
            return "missing";
        }

        if (IndexFile.TryRead(Files, path, listed.Segment, WalLog.TagOf(_identity.StoreId), listed.IndexChecksum) is not { } items)
        {
            findings.Notes.Add($"{path}: damaged; the next opening reads the whole segment and makes it again.");
            return "damaged";
        }

        if (_recovery is null || _segments.Find(segment => segment.Id == listed.Segment) is not { } read || items.SequenceEqual(_recovery.Items[read]))
        {
            return "good";
        }

        findings.Add(EngineCondition.Corrupt, $"{path}: expected what the segment says, found something else. Delete the file: the next opening makes it again.");
        return "wrong";
    }
}
