using Orleans.Raft.Storage.Engine;

namespace Orleans.Raft.TestDisk;

internal sealed partial class SimulatedDisk
{
    public void CreateDirectory(string path)
    {
        // Directories exist: their loss is the loss of their files' names.
    }

    public bool FileExists(string path)
    {
        lock (_lock)
        {
            return _names.ContainsKey(path);
        }
    }

    public IReadOnlyList<string> ListFiles(string directory)
    {
        lock (_lock)
        {
            return [.. _names.Keys.Where(path => Path.GetDirectoryName(path) == directory).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];
        }
    }

    public IFile Create(string path)
    {
        lock (_lock)
        {
            Do(DiskOperation.Create, path);
            var content = new Content([]);
            Change(new NameChange(null, path, content));
            return new Handle(this, path, content);
        }
    }

    public IFile Open(string path, bool readOnly)
    {
        lock (_lock)
        {
            return _names.TryGetValue(path, out var content) ? new Handle(this, path, content) : throw new FileNotFoundException(path);
        }
    }

    public void Rename(string from, string to)
    {
        lock (_lock)
        {
            Do(DiskOperation.Rename, from);
            var content = _names[from];
            Change(new NameChange(from, to, content));
        }
    }

    public void Delete(string path)
    {
        lock (_lock)
        {
            Do(DiskOperation.Delete, path);
            Change(new NameChange(path, null, null));
        }
    }

    public void SyncDirectory(string path)
    {
        lock (_lock)
        {
            try
            {
                Do(DiskOperation.SyncDirectory, path);
            }
            catch (IOException e) when (e is not PowerCutException)
            {
                // As for contents: the system shows the names and takes them for written, until the directory changes again.
                _changesTakenForSynced = _journal.Count;
                throw;
            }

            if (_journal.Count == _changesTakenForSynced)
            {
                return;
            }

            foreach (var change in _journal)
            {
                change.ApplyTo(_durableNames);
            }

            _journal.Clear();
            _changesTakenForSynced = 0;
        }
    }

    public IDisposable Lock(string path)
    {
        lock (_lock)
        {
            return _locked.Add(path) ? new Release(this, path) : throw new IOException($"{path}: the data directory is in use");
        }
    }

    private void Change(NameChange change)
    {
        change.ApplyTo(_names);
        _journal.Add(change);
    }

    private sealed class Release(SimulatedDisk disk, string path) : IDisposable
    {
        public void Dispose()
        {
            lock (disk._lock)
            {
                disk._locked.Remove(path);
            }
        }
    }

    /// <summary>Bytes of a file as the system sees them and as the platter has them.</summary>
    internal sealed class Content(byte[] bytes)
    {
        private byte[] _durable = bytes;
        private readonly HashSet<int> _dirty = [];

        public byte[] Current { get; private set; } = [.. bytes];

        public Content Copy()
        {
            var copy = new Content(_durable) { Current = [.. Current] };
            copy._durable = [.. _durable];
            copy._dirty.UnionWith(_dirty);
            return copy;
        }

        /// <summary>A sync failed: the system takes what it could not write for clean, and the next sync says nothing.</summary>
        public void LoseUnsynced() => _dirty.Clear();

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            if (Current.Length < offset + bytes.Length)
            {
                var longer = new byte[offset + bytes.Length];
                Current.CopyTo(longer, 0);
                Current = longer;
            }

            bytes.CopyTo(Current.AsSpan((int)offset));
            for (var sector = (int)offset / SectorSize; sector <= (offset + bytes.Length - 1) / SectorSize; sector++)
            {
                _dirty.Add(sector);
            }
        }

        public void Sync()
        {
            if (_durable.Length != Current.Length)
            {
                Array.Resize(ref _durable, Current.Length);
            }

            foreach (var sector in _dirty)
            {
                Sector(Current, sector).CopyTo(Sector(_durable, sector));
            }

            _dirty.Clear();
        }

        public Content AfterPowerCut(Random random)
        {
            // The length may have grown with none, some or all of the new sectors written; what was not written reads as zeros.
            if (Current.Length != _durable.Length && random.Next(2) == 0)
            {
                Array.Resize(ref _durable, Current.Length);
            }

            // All lost, all kept, and a mixture are each likely.
            var share = random.Next(3) switch { 0 => 0.0, 1 => 1.0, _ => 0.5 };
            foreach (var sector in _dirty.Order())
            {
                if (sector * SectorSize < _durable.Length && random.NextDouble() < share)
                {
                    var to = Sector(_durable, sector);
                    Sector(Current, sector)[..to.Length].CopyTo(to);
                }
            }

            return new Content(_durable);
        }

        private static Span<byte> Sector(byte[] bytes, int sector) =>
            bytes.AsSpan(sector * SectorSize, Math.Min(SectorSize, bytes.Length - (sector * SectorSize)));
    }

    private sealed class Handle(SimulatedDisk disk, string path, Content content) : IFile
    {
        public string Path { get; } = path;

        public long Length
        {
            get
            {
                lock (disk._lock)
                {
                    return content.Current.Length;
                }
            }
        }

        public int Write(long offset, ReadOnlySpan<byte> bytes)
        {
            lock (disk._lock)
            {
                disk.Do(DiskOperation.Write, Path);
                var others = disk._names.Values.Distinct().Sum(static file => (long)file.Current.Length) - content.Current.Length;
                var room = disk.Capacity - others - offset;
                if (room <= 0 && bytes.Length > 0 && offset + bytes.Length > content.Current.Length)
                {
                    throw new IOException($"{Path}: no space left on device (simulated)");
                }

                var length = Math.Min(bytes.Length, disk.MaxWrite);
                length = offset + length > content.Current.Length ? (int)Math.Min(length, room) : length;
                content.Write(offset, bytes[..length]);
                return length;
            }
        }

        public int Read(long offset, Span<byte> into)
        {
            lock (disk._lock)
            {
                if (offset >= content.Current.Length)
                {
                    return 0;
                }

                var length = (int)Math.Min(into.Length, content.Current.Length - offset);
                content.Current.AsSpan((int)offset, length).CopyTo(into);
                return length;
            }
        }

        public void SyncData()
        {
            if (disk.Hang is { } hang)
            {
                disk.IsHanging = true;
                hang.Wait();
                disk.IsHanging = false;
            }

            lock (disk._lock)
            {
                try
                {
                    disk.Do(DiskOperation.Sync, Path);
                }
                catch (IOException e) when (e is not PowerCutException)
                {
                    content.LoseUnsynced();
                    throw;
                }

                content.Sync();
            }
        }

        public void Dispose()
        {
            // A handle holds nothing that its disk does not hold.
        }
    }
}
