using Orleans.Raft.Core;

namespace Orleans.Raft.Simulation;

/// <summary>One write handed to the disk. It is durable when the disk says so, in order, and then its answers may leave.</summary>
internal sealed class DiskBatch
{
    public required IReadOnlyList<Entry> Entries { get; init; }

    public HardState? HardState { get; init; }

    public Snapshot? Snapshot { get; init; }

    public bool MustSync { get; init; }

    /// <summary>Asynchronous mode: messages to deliver once durable, with the lives of their addressees.</summary>
    public IReadOnlyList<Envelope> Responses { get; init; } = [];

    /// <summary>Synchronous mode: the rest of the Ready that waits for this write.</summary>
    public SyncWork? Work { get; init; }

    public override string ToString() =>
        $"{(HardState is { } hard ? $"[{hard}] " : "")}{(Snapshot is { } snapshot ? $"snapshot {snapshot.Id} " : "")}"
        + (Entries.Count > 0 ? $"entries {Entries[0].Id}..{Entries[^1].Id}" : "no entries");
}

/// <summary>
/// A replica's log on a disk that may stall, and that forgets at a power cut: of the batches not yet durable any number of the
/// newest is lost, and a commit index that nobody fsynced may fall back.
/// </summary>
internal sealed class SimDisk : ILogReader
{
    private readonly SimStateMachine _stateMachine;
    private readonly SimRandom _random;
    private readonly List<Entry> _entries = [];
    private readonly Queue<DiskBatch> _pending = [];
    private EntryId _compacted;
    private HardState _written;
    private HardState _synced;

    public SimDisk(SimStateMachine stateMachine, SimRandom random)
    {
        _stateMachine = stateMachine;
        _random = random;
    }

    public long FirstIndex => _compacted.Index + 1;

    public long LastIndex => _compacted.Index + _entries.Count;

    public InitialState InitialState => new(_written, _stateMachine.Durable.Config);

    public HardState HardState => _written;

    /// <summary>The hard state that a power cut now can't take back.</summary>
    public HardState SyncedState => _synced;

    public EntryId Compacted => _compacted;

    public IReadOnlyList<Entry> Entries => _entries;

    public int PendingCount => _pending.Count;

    /// <summary>True while <see cref="TryGetSnapshot"/> has none to give; the nemesis sets it.</summary>
    public bool IsSnapshotUnavailable { get; set; }

    /// <summary>Virtual time before which no write becomes durable.</summary>
    public long StalledUntil { get; set; }

    /// <summary>Writes the state that the group was born with.</summary>
    public void Format(EntryId genesis)
    {
        _compacted = genesis;
        _written = _synced = new HardState(genesis.Term, ReplicaId.None, genesis.Index);
    }

    public void Enqueue(DiskBatch batch) => _pending.Enqueue(batch);

    /// <summary>Makes the oldest batch durable.</summary>
    public DiskBatch Complete()
    {
        var batch = _pending.Dequeue();
        Write(batch);
        return batch;
    }

    /// <summary>Power is cut: a random prefix of what was under way is on the platter, the rest never was.</summary>
    public int Crash()
    {
        var kept = _random.Below(_pending.Count + 1);
        for (var i = 0; i < kept; i++)
        {
            Write(_pending.Dequeue());
        }

        var lost = _pending.Count;
        _pending.Clear();
        _written = _random.Chance(500) ? _written : _synced;
        _synced = _written;
        return lost;
    }

    public void CompactTo(long index)
    {
        if (index <= _compacted.Index)
        {
            return;
        }

        var term = TryGetTerm(index, out var found) ? found : throw new InvalidOperationException($"compact to {index}, last {LastIndex}");
        _entries.RemoveRange(0, (int)(index - _compacted.Index));
        _compacted = new EntryId(term, index);
    }

    public bool TryGetTerm(long index, out long term)
    {
        term = 0;
        if (index < _compacted.Index || index > LastIndex)
        {
            return false;
        }

        term = index == _compacted.Index ? _compacted.Term : _entries[(int)(index - _compacted.Index - 1)].Term;
        return true;
    }

    public bool TryRead(long low, long high, long maxBytes, List<Entry> into)
    {
        if (low <= _compacted.Index)
        {
            return false;
        }

        long bytes = 0;
        for (var index = low; index < high && index <= LastIndex; index++)
        {
            var entry = _entries[(int)(index - _compacted.Index - 1)];
            bytes += EntrySize.Of(entry);
            if (index > low && bytes > maxBytes)
            {
                break;
            }

            into.Add(entry);
        }

        return true;
    }

    public bool TryGetSnapshot(out Snapshot snapshot)
    {
        if (IsSnapshotUnavailable)
        {
            snapshot = null!;
            return false;
        }

        snapshot = _stateMachine.TakeSnapshot();
        return true;
    }

    private void Write(DiskBatch batch)
    {
        if (batch.Snapshot is { } snapshot)
        {
            _entries.Clear();
            _compacted = snapshot.Id;
            _stateMachine.Restore(snapshot);
        }

        if (batch.Entries.Count > 0)
        {
            Append(batch.Entries);
        }

        if (batch.HardState is { } hard)
        {
            _written = hard;
        }

        if (batch.MustSync)
        {
            _synced = _written;
        }
    }

    private void Append(IReadOnlyList<Entry> entries)
    {
        var first = entries[0].Index;
        if (first <= _compacted.Index || first > LastIndex + 1)
        {
            throw new SimViolationException("log is contiguous", $"append at {first} to a log of {FirstIndex}..{LastIndex}");
        }

        _entries.RemoveRange((int)(first - _compacted.Index - 1), (int)(LastIndex - first + 1));
        foreach (var entry in entries)
        {
            if (entry.Index != LastIndex + 1)
            {
                throw new SimViolationException("log is contiguous", $"entry {entry.Id} follows index {LastIndex}");
            }

            _entries.Add(entry);
        }
    }
}
