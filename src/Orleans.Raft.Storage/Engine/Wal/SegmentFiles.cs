namespace Orleans.Raft.Storage.Engine;

/// <summary>Makes, recycles and deletes the files of segments. Called by one thread at a time.</summary>
internal sealed class SegmentFiles(IFileSystem files, WalPaths paths)
{
    private const string SparePrefix = "spare-";
    private const int ZeroChunk = 1 << 20;

    private readonly List<(string Path, long Size)> _spares = [];
    private byte[]? _zeros;
    private long _spareBytes;

    /// <summary>Size of the files that wait to be used again.</summary>
    public long SpareBytes => Volatile.Read(ref _spareBytes);

    /// <summary>Makes an empty segment under its final name. It counts once the manifest lists it.</summary>
    public Segment Make(Guid storeId, long id, long size)
    {
        var spare = _spares.FindIndex(spare => spare.Size == size);
        string path;
        if (spare >= 0)
        {
            path = _spares[spare].Path;
            _spares.RemoveAt(spare);
        }
        else
        {
            path = paths.InLog("next.tmp");
            Fill(path, size);
        }

        // What a spare still holds carries another segment's number, so nobody takes it for a batch of this one.
        using (var file = files.Open(path))
        {
            file.WriteAll(0, new SegmentHeader(storeId, id, size).ToBytes());
            file.SyncData();
        }

        files.Rename(path, paths.Segment(id));
        files.SyncDirectory(paths.LogDirectory);
        CountSpares();
        return new Segment(files.Open(paths.Segment(id)), id, size);
    }

    public uint WriteIndex(Segment segment, Guid storeId, List<IndexItem> items)
    {
        var checksum = IndexFile.Write(files, paths.Index(segment.Id), segment.Id, WalLog.TagOf(storeId), items);
        files.SyncDirectory(paths.LogDirectory);
        return checksum;
    }

    public void WriteManifest(Manifest manifest) => manifest.Write(files, paths.Manifest);

    /// <summary>Takes a segment away that the manifest does not list any more.</summary>
    public void Recycle(Segment segment, bool keep)
    {
        segment.Dispose();
        var index = paths.Index(segment.Id);
        if (files.FileExists(index))
        {
            files.Delete(index);
        }

        TakeIn(paths.Segment(segment.Id), segment.Size, keep);
    }

    /// <summary>At the opening: a segment beyond the manifest's last one that was written to means that the manifest is an old copy.</summary>
    public void RefuseIfUsed(Manifest manifest, Guid storeId)
    {
        foreach (var name in files.ListFiles(paths.LogDirectory))
        {
            RefuseIfUsed(manifest, storeId, name, paths.InLog(name));
        }
    }

    /// <summary>At the opening, after <see cref="RefuseIfUsed(Manifest, Guid)"/>: takes in or deletes what the manifest does not list.</summary>
    public void CleanUp(Manifest manifest, long segmentBytes)
    {
        var listed = manifest.Segments.SelectMany(entry => new[] { Segment.NameOf(entry.Segment), Segment.IndexNameOf(entry.Segment) }).ToHashSet();
        foreach (var name in files.ListFiles(paths.LogDirectory))
        {
            if (listed.Contains(name) || name == Manifest.Name)
            {
                continue;
            }

            var path = paths.InLog(name);
            var size = SizeOf(path);
            var isSegment = name.StartsWith(SparePrefix, StringComparison.Ordinal) || name.EndsWith(".wal", StringComparison.Ordinal);
            TakeIn(path, size, keep: isSegment && size == segmentBytes && _spares.Count == 0);
        }
    }

    private void Fill(string path, long size)
    {
        _zeros ??= new byte[ZeroChunk];
        using var file = files.Create(path);
        for (var offset = 0L; offset < size; offset += ZeroChunk)
        {
            // Synced in pieces: one large flush would stall the writer's small ones behind it.
            file.WriteAll(offset, _zeros.AsSpan(0, (int)Math.Min(ZeroChunk, size - offset)));
            file.SyncData();
        }
    }

    private void TakeIn(string path, long size, bool keep)
    {
        if (keep)
        {
            // Under another name, so that no opening takes it for a segment that the manifest forgot.
            var name = Path.GetFileNameWithoutExtension(path);
            var spare = paths.InLog(name.StartsWith(SparePrefix, StringComparison.Ordinal) ? name : SparePrefix + name);
            if (spare != path)
            {
                files.Rename(path, spare);
            }

            _spares.Add((spare, size));
        }
        else
        {
            files.Delete(path);
        }

        CountSpares();
    }

    private void CountSpares() => Volatile.Write(ref _spareBytes, _spares.Sum(static spare => spare.Size));

    private long SizeOf(string path)
    {
        using var file = files.Open(path, readOnly: true);
        return file.Length;
    }

    private void RefuseIfUsed(Manifest manifest, Guid storeId, string name, string path)
    {
        if (!name.EndsWith(".wal", StringComparison.Ordinal)
            || !long.TryParse(Path.GetFileNameWithoutExtension(name), out var id) || id <= manifest.Segments[^1].Segment)
        {
            return;
        }

        using var file = files.Open(path, readOnly: true);
        var bytes = new byte[BatchHeader.Size];
        if (file.Read(SegmentHeader.Size, bytes) == bytes.Length && BatchHeader.TryRead(bytes, out var batch)
            && batch.Segment == id && batch.Store == WalLog.TagOf(storeId))
        {
            throw new CorruptionException(
                paths.Manifest, 0, $"segment {id} in the list, because {path} holds batch {batch.Sequence}", $"a list that ends with segment {manifest.Segments[^1].Segment}");
        }
    }
}
