using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// The log itself, without threads: takes writes, makes them durable as one sync batch, then shows them to readers. One caller at a time;
/// after an exception it must not be called again.
/// </summary>
internal sealed partial class WalLog : IDisposable
{
    private readonly SegmentStore _segments;
    private readonly RecentBytes _recent;
    private readonly BatchBuffer _buffer = new();

    // The groups of all planned operations of the sync batch, in order, with the range each had before.
    private readonly List<(WalGroup Group, LogRange Before)> _targets = [];
    private readonly ulong _storeTag;

    // Read from other threads, hence the lock; written by the writer only.
    private readonly Lock _groupsLock = new();
    private readonly Dictionary<RaftGroupId, WalGroup> _groups = [];
    private readonly Dictionary<RaftGroupId, List<ReplicaId>> _removed = [];

    private uint _lastGroupNumber;
    private long _lastOwner;
    private long _lastGeneration;
    private long _sequence;

    // How many of the batch's records are carried state.
    private int _carryCount;

    // Entries died, so a segment may hold nothing any more.
    private bool _mayHaveFreed;

    // For a writer that must make room itself.
    private readonly SegmentMover _mover;
    private readonly List<PendingWrite> _oneMove = [];

    public WalLog(StoreIdentity identity, SegmentStore segments, long cacheBytes)
    {
        Identity = identity;
        _segments = segments;
        _recent = new RecentBytes(cacheBytes);
        _mover = new SegmentMover(this, CommitMove);
        _storeTag = TagOf(identity.StoreId);

        // The counter is durable before the log opens, so no other life hands out the same numbers.
        _lastGeneration = identity.OpenCounter << 32;
    }

    public StoreIdentity Identity { get; }

    /// <summary>Sequence of the last durable sync batch.</summary>
    public long Sequence => Volatile.Read(ref _sequence);

    public SegmentStore Segments => _segments;

    public RaftGroupId[] Groups
    {
        get
        {
            lock (_groupsLock)
            {
                return [.. _groups.Keys];
            }
        }
    }

    /// <summary>Marks a store's batches, so that a segment of another store is not taken for its own.</summary>
    public static ulong TagOf(Guid storeId)
    {
        Span<byte> bytes = stackalloc byte[16];
        storeId.TryWriteBytes(bytes);
        return BitConverter.ToUInt64(bytes) ^ BitConverter.ToUInt64(bytes[8..]);
    }

    public ReplicaId[] GetRemovedReplicas(RaftGroupId group)
    {
        lock (_groupsLock)
        {
            return _removed.TryGetValue(group, out var removed) ? [.. removed] : [];
        }
    }

    public WalGroup[] GetGroups()
    {
        lock (_groupsLock)
        {
            return [.. _groups.Values];
        }
    }

    public long NewGeneration() => Interlocked.Increment(ref _lastGeneration);

    /// <summary>Takes over what recovery found.</summary>
    public void Adopt(IEnumerable<WalGroup> groups, Dictionary<RaftGroupId, List<ReplicaId>> removed, uint lastGroupNumber, long sequence)
    {
        foreach (var group in groups)
        {
            group.Planned = new LogRange(group.FirstIndex, group.LastIndex);
            _groups.Add(group.Id, group);
        }

        foreach (var (group, replicas) in removed)
        {
            _removed.Add(group, replicas);
        }

        _lastGroupNumber = lastGroupNumber;
        _sequence = sequence;
    }

    public void Dispose() => _segments.Dispose();
}
