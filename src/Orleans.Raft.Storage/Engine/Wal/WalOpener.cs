namespace Orleans.Raft.Storage.Engine;

/// <summary>Opens a data directory: lock, identity, recovery (SAFETY-RULES A7, A10).</summary>
internal sealed class WalOpener
{
    private readonly IFileSystem _files;
    private readonly WalPaths _paths;
    private readonly RaftEngineOptions _options;

    public WalOpener(IFileSystem files, string directory, RaftEngineOptions options)
    {
        _files = files;
        _paths = new WalPaths(directory);
        _options = options;
    }

    /// <summary>What was cut off the end, or null.</summary>
    public string? CutTail { get; private set; }

    /// <summary>True if the log ends with a mark that everything before it is durable.</summary>
    public bool IsMarked { get; private set; }

    /// <summary>Opens the directory, making it where it is empty. The lock is the caller's to release, after the log.</summary>
    public (WalLog Log, IDisposable Lock) Open(string serviceId, string siloName)
    {
        _files.CreateDirectory(_paths.LogDirectory);
        _files.SyncDirectory(_paths.Directory);
        var held = _files.Lock(_paths.Lock);
        try
        {
            var log = _files.FileExists(_paths.Identity) ? Recover(serviceId, siloName) : Create(serviceId, siloName);
            return (log, held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private WalLog Create(string serviceId, string siloName)
    {
        RefuseWhatHoldsData();
        var identity = new IdentityFile(Guid.NewGuid(), 1, serviceId, siloName);
        var segments = new SegmentStore(new SegmentFiles(_files, _paths), identity.StoreId, _options.SegmentBytes);
        segments.Begin();

        // Last: a directory with an identity has a log, so a log that is missing later was lost.
        identity.Write(_files, _paths.Identity);
        return new WalLog(new StoreIdentity(identity.StoreId, identity.OpenCounter), segments, _options.CacheBytes);
    }

    /// <summary>A directory without identity is new, or its making was interrupted: then it holds no batch.</summary>
    private void RefuseWhatHoldsData()
    {
        foreach (var name in _files.ListFiles(_paths.LogDirectory))
        {
            if (!name.EndsWith(".wal", StringComparison.Ordinal))
            {
                continue;
            }

            var path = _paths.InLog(name);
            var bytes = _files.ReadAll(path);
            if (bytes.Length > SegmentHeader.Size && BatchHeader.TryRead(bytes.AsSpan(SegmentHeader.Size), out var batch))
            {
                throw new CorruptionException(
                    _paths.Identity, 0, "the identity of a directory that holds a log", $"no such file, but batch {batch.Sequence} in {path}");
            }
        }
    }

    private WalLog Recover(string serviceId, string siloName)
    {
        var identity = IdentityFile.Read(_files, _paths.Identity);
        identity.CheckOwner(_paths.Identity, serviceId, siloName);
        var manifest = Manifest.ReadFor(_files, _paths.Manifest, identity.StoreId);
        var segments = OpenSegments(manifest);
        try
        {
            return Recover(identity, manifest, segments);
        }
        catch
        {
            segments.ForEach(static segment => segment.Dispose());
            throw;
        }
    }

    private List<Segment> OpenSegments(Manifest manifest)
    {
        var segments = new List<Segment>();
        foreach (var listed in manifest.Segments)
        {
            var path = _paths.Segment(listed.Segment);
            if (!_files.FileExists(path))
            {
                segments.ForEach(static segment => segment.Dispose());
                throw new CorruptionException(path, 0, $"segment {listed.Segment}, which {_paths.Manifest} lists", "no such file");
            }

            var file = _files.Open(path);
            segments.Add(new Segment(file, listed.Segment, file.Length));
        }

        return segments;
    }

    /// <summary>
    /// What was read may be in the page cache only: it becomes durable before anybody is told of it. Only the last batch can be in doubt. It is written again,
    /// because after an fsync that failed the cache keeps the bytes and takes them for clean: another fsync would succeed without writing them.
    /// </summary>
    private void MakeDurable(WalRecovery recovery, Manifest manifest)
    {
        if (recovery.LastBatch is var (segment, offset, size))
        {
            var bytes = new byte[size];
            if (segment.File.Read(offset, bytes) != size)
            {
                throw new IOException($"{segment.File.Path}: the batch of {size} bytes at offset {offset} can't be read again.");
            }

            segment.File.WriteAll(offset, bytes);
            segment.File.SyncData();
        }

        // The same holds for the list: its name may have been given in the cache only. And it must not call a segment sealed that is written on, because the batch that
        // once began the next one was cut: an opening would believe its index and miss what comes now.
        var last = recovery.Used[^1].Id;
        var entries = manifest.Segments.Select(listed => listed.Segment < last ? listed : new ManifestEntry(listed.Segment, 0, 0, 0, 0));
        new Manifest(manifest.StoreId, [.. entries]).Write(_files, _paths.Manifest);
    }

    private WalLog Recover(IdentityFile identity, Manifest manifest, List<Segment> segments)
    {
        // Raised before anything else happens in this life, so that no two lives have one number.
        identity = identity with { OpenCounter = identity.OpenCounter + 1 };
        identity.Write(_files, _paths.Identity);

        var files = new SegmentFiles(_files, _paths);
        var store = new SegmentStore(files, identity.StoreId, _options.SegmentBytes);
        var log = new WalLog(new StoreIdentity(identity.StoreId, identity.OpenCounter), store, _options.CacheBytes);
        var recovery = new WalRecovery(_files, _paths, manifest, segments, new WalReplay(log));
        recovery.Run(useIndexes: true);
        files.RefuseIfUsed(manifest, identity.StoreId);
        files.CleanUp(manifest, _options.SegmentBytes);
        CutTail = recovery.CutTail;

        MakeDurable(recovery, manifest);
        IsMarked = recovery.IsMarked;
        store.Adopt(recovery.Used, recovery.Ready, recovery.Items);
        log.Adopt(recovery.Replay.Groups, recovery.Replay.Removed, recovery.Replay.LastGroupNumber, recovery.LastSequence);
        return log;
    }
}
