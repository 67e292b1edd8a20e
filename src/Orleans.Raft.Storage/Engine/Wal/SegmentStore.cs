namespace Orleans.Raft.Storage.Engine;

/// <summary>The segments of the log, oldest first, and the manifest that lists them.</summary>
internal sealed class SegmentStore : IDisposable
{
    private const int ZeroChunk = 1 << 20;

    private readonly IFileSystem _files;
    private readonly WalPaths _paths;
    private readonly Guid _storeId;
    private readonly long _segmentBytes;
    private readonly List<Segment> _segments = [];

    public SegmentStore(IFileSystem files, WalPaths paths, Guid storeId, long segmentBytes)
    {
        _files = files;
        _paths = paths;
        _storeId = storeId;
        _segmentBytes = segmentBytes;
    }

    /// <summary>The segment being written.</summary>
    public Segment Active => _segments[^1];

    public IReadOnlyList<Segment> Segments => _segments;

    /// <summary>Takes over what recovery found.</summary>
    public void Adopt(IEnumerable<Segment> segments) => _segments.AddRange(segments);

    /// <summary>Starts the next segment, large enough for a batch of the given size.</summary>
    public void Advance(long batchBytes)
    {
        var id = _segments.Count == 0 ? 1 : Active.Id + 1;
        var segment = Create(id, Math.Max(_segmentBytes, BatchHeader.Pad(SegmentHeader.Size) + batchBytes));
        _segments.Add(segment);
        WriteManifest();
    }

    public void Dispose()
    {
        foreach (var segment in _segments)
        {
            segment.Dispose();
        }
    }

    private Segment Create(long id, long size)
    {
        // Written under another name first: a segment that has its name is whole.
        var temporary = _paths.InLog("next.tmp");
        var file = _files.Create(temporary);
        try
        {
            var zeros = new byte[(int)Math.Min(ZeroChunk, size)];
            for (var offset = 0L; offset < size; offset += zeros.Length)
            {
                file.WriteAll(offset, zeros.AsSpan(0, (int)Math.Min(zeros.Length, size - offset)));
            }

            file.WriteAll(0, new SegmentHeader(_storeId, id, size).ToBytes());
            file.SyncData();
        }
        finally
        {
            file.Dispose();
        }

        _files.Rename(temporary, _paths.Segment(id));
        _files.SyncDirectory(_paths.LogDirectory);
        return new Segment(_files.Open(_paths.Segment(id)), id, size);
    }

    private void WriteManifest() => new Manifest(_storeId, [.. _segments.Select(Entry)]).Write(_files, _paths.Manifest);

    private ManifestEntry Entry(Segment segment) => segment == Active
        ? new ManifestEntry(segment.Id, 0, 0, 0, 0)
        : new ManifestEntry(segment.Id, segment.FirstSequence, segment.LastSequence, segment.WriteOffset, 0);
}
