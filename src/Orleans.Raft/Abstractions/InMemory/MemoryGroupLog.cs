using System.Runtime.InteropServices;
using Orleans.Raft.Core;

namespace Orleans.Raft;

/// <summary>One group's log in memory. Written under the store's lock; read under its own.</summary>
internal sealed class MemoryGroupLog(RaftGroupId group, long generation) : ILogReader
{
    private readonly Lock _lock = new();
    private readonly List<Entry> _entries = [];
    private EntryId _compacted;
    private HardState _hardState;
    private ConfState _confState = ConfState.Empty;
    private ReadOnlyMemory<byte> _metadata;
    private long _generation = generation;

    public RaftGroupId Group { get; } = group;

    /// <summary>Number of the latest opening.</summary>
    public long Owner { get; private set; }

    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _entries.Sum(static entry => (long)entry.Data.Length);
            }
        }
    }

    public long FirstIndex
    {
        get
        {
            lock (_lock)
            {
                return _compacted.Index + 1;
            }
        }
    }

    public long LastIndex
    {
        get
        {
            lock (_lock)
            {
                return _compacted.Index + _entries.Count;
            }
        }
    }

    public InitialState InitialState
    {
        get
        {
            lock (_lock)
            {
                return new InitialState(_hardState, _confState);
            }
        }
    }

    public GroupLog TakeOver(long owner)
    {
        Owner = owner;
        return new GroupLog(Group, owner, this) { Generation = _generation, Metadata = _metadata };
    }

    public bool TryGetTerm(long index, out long term)
    {
        lock (_lock)
        {
            var position = index - _compacted.Index;
            term = position == 0 ? _compacted.Term : position > 0 && position <= _entries.Count ? _entries[(int)position - 1].Term : 0;
            return position >= 0 && position <= _entries.Count;
        }
    }

    public bool TryRead(long low, long high, long maxBytes, List<Entry> into)
    {
        lock (_lock)
        {
            if (low <= _compacted.Index)
            {
                return false;
            }

            var bytes = 0L;
            var end = Math.Min(high, _compacted.Index + _entries.Count + 1);
            for (var index = low; index < end; index++)
            {
                var entry = _entries[(int)(index - _compacted.Index) - 1];
                bytes += EntrySize.Of(in entry);
                if (index > low && bytes > maxBytes)
                {
                    break;
                }

                into.Add(entry);
            }

            return true;
        }
    }

    public bool TryGetSnapshot(out Snapshot snapshot)
    {
        // Snapshots are the state machine's; hosting puts a reader in front that makes them.
        snapshot = null!;
        return false;
    }

    public void Apply(in LogOperation operation)
    {
        lock (_lock)
        {
            switch (operation.Kind)
            {
                case LogOperationKind.Append:
                    var keep = (int)(operation.Entries![0].Index - _compacted.Index) - 1;
                    CollectionsMarshal.SetCount(_entries, keep);
                    _entries.AddRange(operation.Entries);
                    break;
                case LogOperationKind.HardState:
                    _hardState = operation.HardState;
                    break;
                case LogOperationKind.ConfState:
                    _confState = operation.ConfState!;
                    break;
                case LogOperationKind.Metadata:
                    _metadata = operation.Data.ToArray();
                    break;
                case LogOperationKind.Reset:
                    _entries.Clear();
                    _compacted = operation.Position;
                    _confState = operation.ConfState!;
                    _generation = operation.Generation == 0 ? _generation : operation.Generation;
                    break;
                case LogOperationKind.Compact:
                    Compact(operation.Position);
                    break;
                case LogOperationKind.RemoveGroup:
                    break;
            }
        }
    }

    private void Compact(EntryId position)
    {
        if (position.Index > _compacted.Index)
        {
            // The log's own term counts, whatever the caller believes.
            var count = (int)(position.Index - _compacted.Index);
            _compacted = _entries[count - 1].Id;
            _entries.RemoveRange(0, count);
        }
    }
}
