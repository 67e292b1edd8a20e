using Orleans.Raft.Storage.Engine;

namespace Orleans.Raft.TestDisk;

/// <summary>
/// A disk in memory with the promises of a real one and none beyond: what was not synced may be lost at a power cut, sector by sector; what was synced stays.
/// Counts its operations, so that a test can cut the power, fail, fill up or shorten at any one of them.
/// </summary>
internal sealed partial class SimulatedDisk : IFileSystem
{
    public const int SectorSize = 512;

    private readonly Lock _lock = new();
    private readonly Random _random;
    private readonly HashSet<string> _locked = [];

    // Names as the running system sees them, and as they are after a power cut; the difference is a journal that survives in part, in order.
    private Dictionary<string, Content> _names = [];
    private Dictionary<string, Content> _durableNames = [];
    private readonly List<NameChange> _journal = [];

    // So many of them stand before a sync of the directory that failed: syncing once more, without another change, writes nothing.
    private int _changesTakenForSynced;

    public SimulatedDisk(int seed) => _random = new Random(seed);

    /// <summary>Changes to the disk so far: writes, syncs, creations, renames, deletions.</summary>
    public int Operations { get; private set; }

    /// <summary>The power is cut just before this operation; the operation and all later ones throw <see cref="PowerCutException"/>.</summary>
    public int CutAt { get; set; } = int.MaxValue;

    /// <summary>Called before each operation is done; a test forks the disk there.</summary>
    public Action<DiskOperation, string>? Before { get; set; }

    /// <summary>What to do about an operation, by its number and kind: null to do it, or the error to throw.</summary>
    public Func<int, DiskOperation, string, IOException?>? Fault { get; set; }

    /// <summary>Writes of more than this many bytes write only so many.</summary>
    public int MaxWrite { get; set; } = int.MaxValue;

    /// <summary>Bytes that all files may have together.</summary>
    public long Capacity { get; set; } = long.MaxValue;

    /// <summary>While set, syncs wait; a disk that hangs.</summary>
    public ManualResetEventSlim? Hang { get; set; }

    /// <summary>True while somebody waits for a disk that hangs.</summary>
    public bool IsHanging { get; private set; }

    public IEnumerable<string> Files
    {
        get
        {
            lock (_lock)
            {
                return [.. _names.Keys.Order(StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>Bytes of a file, to damage them.</summary>
    public byte[] this[string path]
    {
        get
        {
            lock (_lock)
            {
                return _names[path].Current;
            }
        }
    }

    /// <summary>Removes a file as somebody would by hand.</summary>
    public void Remove(string path)
    {
        _names.Remove(path);
        _durableNames.Remove(path);
    }

    /// <summary>Shortens a file as somebody would by hand.</summary>
    public void Truncate(string path, int length) => Overwrite(path, _names[path].Current[..length]);

    /// <summary>Replaces a file as somebody would by hand.</summary>
    public void Overwrite(string path, byte[] bytes) => _names[path] = _durableNames[path] = new Content(bytes);

    /// <summary>Another disk in exactly this state, what is not synced included, and with a chance of its own.</summary>
    public SimulatedDisk Fork(int seed)
    {
        lock (_lock)
        {
            var contents = _names.Values.Concat(_durableNames.Values).Concat(_journal.Select(static change => change.Content)).OfType<Content>()
                .Distinct().ToDictionary(static content => content, static content => content.Copy());
            var fork = new SimulatedDisk(seed)
            {
                _names = _names.ToDictionary(static pair => pair.Key, pair => contents[pair.Value]),
                _durableNames = _durableNames.ToDictionary(static pair => pair.Key, pair => contents[pair.Value]),
            };
            fork._journal.AddRange(_journal.Select(change => change with { Content = change.Content is null ? null : contents[change.Content] }));
            return fork;
        }
    }

    /// <summary>
    /// Cuts the power and switches it on again: of everything that was not synced an arbitrary part is gone. Handles of before are dead.
    /// </summary>
    public void PowerCut()
    {
        lock (_lock)
        {
            _locked.Clear();
            foreach (var change in _journal.Take(_random.Next(_journal.Count + 1)))
            {
                change.ApplyTo(_durableNames);
            }

            _journal.Clear();
            _changesTakenForSynced = 0;
            var contents = _durableNames.Values.Distinct().ToDictionary(static content => content, content => content.AfterPowerCut(_random));
            _durableNames = _durableNames.ToDictionary(static pair => pair.Key, pair => contents[pair.Value]);
            _names = new Dictionary<string, Content>(_durableNames);
            CutAt = int.MaxValue;
            Fault = null;
        }
    }

    /// <summary>The process is killed: all that was written is there, synced or not.</summary>
    public void Kill()
    {
        lock (_lock)
        {
            _locked.Clear();
            CutAt = int.MaxValue;
            Fault = null;
        }
    }

    private void Do(DiskOperation operation, string path)
    {
        Before?.Invoke(operation, path);
        if (Operations >= CutAt)
        {
            throw new PowerCutException();
        }

        if (Fault?.Invoke(Operations, operation, path) is { } fault)
        {
            throw fault;
        }

        Operations++;
    }
}

/// <summary>A change of names that is not synced: one removed, one set.</summary>
internal sealed record NameChange(string? Removed, string? Set, SimulatedDisk.Content? Content)
{
    public void ApplyTo(Dictionary<string, SimulatedDisk.Content> names)
    {
        if (Removed is not null)
        {
            names.Remove(Removed);
        }

        if (Set is not null)
        {
            names[Set] = Content!;
        }
    }
}

internal enum DiskOperation
{
    Create,
    Write,
    Sync,
    Rename,
    Delete,
    SyncDirectory,
}

internal sealed class PowerCutException() : IOException("The power was cut.");
