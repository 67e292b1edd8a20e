using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>A log in memory, for tests and for embedding without durability. Not safe for concurrent use.</summary>
[Experimental("ORLEANSRAFT001")]
public sealed class MemoryLogStorage : ILogReader
{
    // _entries[_head] has index _before.Index + 1. A head instead of removal at the front keeps compaction cheap.
    private readonly List<Entry> _entries = [];
    private int _head;
    private EntryId _before;
    private HardState _hardState;
    private ConfState _confState;
    private Snapshot? _snapshot;

    /// <summary>An empty log of a replica that knows no configuration.</summary>
    public MemoryLogStorage()
        : this(ConfState.Empty)
    {
    }

    /// <summary>An empty log with a first configuration.</summary>
    public MemoryLogStorage(ConfState confState) => _confState = confState;

    /// <inheritdoc/>
    public long FirstIndex => _before.Index + 1;

    /// <inheritdoc/>
    public long LastIndex => _before.Index + _entries.Count - _head;

    /// <inheritdoc/>
    public InitialState InitialState => new(_hardState, _confState);

    /// <summary>What <see cref="TryGetSnapshot"/> returns instead of the last stored snapshot, when set.</summary>
    public Func<Snapshot?>? SnapshotSource { get; set; }

    /// <summary>Stores term, vote and commit.</summary>
    public void SetHardState(HardState hardState) => _hardState = hardState;

    /// <summary>Stores the configuration to start with.</summary>
    public void SetConfState(ConfState confState) => _confState = confState;

    /// <summary>Appends entries; those stored at or above the first one's index are dropped first.</summary>
    public void Append(IReadOnlyList<Entry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            if (entry.Index <= _before.Index)
            {
                // Compacted meanwhile; what is compacted was committed, so the entry is the same.
                continue;
            }

            // As a disk's log does: what is written at an index replaces what was there and all behind it, which belonged to another leader's log.
            if (i == 0 || entry.Index <= LastIndex)
            {
                TruncateFrom(entry.Index);
            }

            _entries.Add(entry);
        }
    }

    /// <summary>Drops the log; it continues after a snapshot. Nothing happens when the snapshot is not newer than the start of the log.</summary>
    public void ApplySnapshot(Snapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        if (snapshot.Id.Index < FirstIndex)
        {
            // An older one would bring back a start of the log that other parts of the host have already forgotten.
            return;
        }

        _entries.Clear();
        _head = 0;
        _before = snapshot.Id;
        _confState = snapshot.ConfState;
        _snapshot = snapshot;
    }

    /// <summary>Drops entries up to and including an index. False when it is compacted already.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is beyond the end.</exception>
    public bool CompactTo(long index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, LastIndex);
        if (index < FirstIndex)
        {
            return false;
        }

        var dropped = (int)(index - _before.Index);
        // Its term stays known: the next entry is sent with it, and compared by it (Raft §7, last included term).
        _before = _entries[_head + dropped - 1].Id;
        for (var i = _head; i < _head + dropped; i++)
        {
            _entries[i] = default;
        }

        // Moving the rest costs as much as what was dropped since the last time, so compaction entry by entry stays linear.
        _head += dropped;
        if (_head > _entries.Count / 2)
        {
            _entries.RemoveRange(0, _head);
            _head = 0;
        }

        return true;
    }

    /// <summary>Drops entries after an index: in tests, what a failing disk does.</summary>
    public void TruncateAfter(long index)
    {
        if (index < LastIndex)
        {
            TruncateFrom(Math.Max(index, _before.Index) + 1);
        }
    }

    /// <inheritdoc/>
    public bool TryGetTerm(long index, out long term)
    {
        if (index < _before.Index || index > LastIndex)
        {
            term = 0;
            return false;
        }

        term = index == _before.Index ? _before.Term : _entries[Position(index)].Term;
        return true;
    }

    /// <inheritdoc/>
    public bool TryRead(long low, long high, long maxBytes, List<Entry> into)
    {
        ArgumentNullException.ThrowIfNull(into);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(high, LastIndex + 1);
        if (low < FirstIndex)
        {
            return false;
        }

        var entries = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_entries).Slice(Position(low), (int)(high - low));
        foreach (ref readonly var entry in entries[..EntrySize.PrefixWithin(entries, maxBytes)])
        {
            into.Add(entry);
        }

        return true;
    }

    /// <inheritdoc/>
    public bool TryGetSnapshot(out Snapshot snapshot)
    {
        snapshot = (SnapshotSource is null ? _snapshot : SnapshotSource())!;
        return snapshot is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => $"memory log [{FirstIndex}, {LastIndex}] {_hardState}";

    private int Position(long index) => _head + (int)(index - _before.Index - 1);

    private void TruncateFrom(long index)
    {
        if (index > LastIndex + 1)
        {
            throw new ArgumentException($"Entry {index} leaves a gap after last index {LastIndex}.");
        }

        var position = Position(index);
        _entries.RemoveRange(position, _entries.Count - position);
    }
}
