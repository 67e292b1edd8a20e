using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Engine;

/// <summary>Changes of a group, in the order of the log.</summary>
internal sealed partial class WalGroup
{
    /// <summary>Adds entries whose records are durable; what stood at or above the first one's index is gone.</summary>
    /// <param name="segment">Where the records stand.</param>
    /// <param name="offset">Offset of the first record; the others follow without a gap.</param>
    /// <param name="entries">The entries; their payloads are kept at hand until <see cref="Forget"/>.</param>
    public void Append(Segment segment, int offset, IReadOnlyList<Entry> entries)
    {
        lock (_lock)
        {
            BeginAppend(entries[0].Index);
            for (var i = 0; i < entries.Count; i++)
            {
                var entry = entries[i];
                var slot = new LogSlot(entry.Term, entry.Type, segment, offset, entry.Data.Length);
                _slots.PushBack(slot);
                _recent.PushBack(entry.Data);
                segment.AddLive(slot.RecordSize);
                offset += slot.RecordSize;
            }
        }
    }

    /// <summary>Recovery: adds an entry that was found in a segment.</summary>
    public void Append(in LogSlot slot, long index)
    {
        lock (_lock)
        {
            BeginAppend(index);
            _slots.PushBack(slot);
            slot.Segment!.AddLive(slot.RecordSize);
        }
    }

    /// <summary>Notes that an entry stands somewhere else now. An index that is not live any more is left alone.</summary>
    public void Move(in LogSlot slot, long index)
    {
        lock (_lock)
        {
            if (index < First || index > Last)
            {
                return;
            }

            ref var present = ref _slots[(int)(index - First)];
            present.Segment?.AddLive(-present.RecordSize);
            present = slot;
            slot.Segment!.AddLive(slot.RecordSize);
        }
    }

    public void Reset(EntryId position, ConfState confState, long generation)
    {
        lock (_lock)
        {
            TruncateFrom(First);
            _compacted = position;
            _confState = confState;
            Generation = generation == 0 ? Generation : generation;
        }
    }

    public void Compact(EntryId position)
    {
        lock (_lock)
        {
            var count = position.Index - _compacted.Index;
            if (count <= 0)
            {
                return;
            }

            Invariant.Holds(count <= _slots.Count, $"{Id} compacts to {position} a log that ends at {Last}");
            // The log's own term counts, whatever the caller believes. Recovery may not know the entry's place yet; then the record must do.
            ref readonly var last = ref _slots[(int)count - 1];
            var compacted = last.Segment is null ? position : new EntryId(last.Term, position.Index);
            for (var i = 0; i < count; i++)
            {
                Release(in _slots[i]);
            }

            _slots.PopFront((int)count);
            _recent.PopFront(Math.Max(0, _recent.Count - _slots.Count));
            _compacted = compacted;
        }
    }

    public void SetHardState(HardState hardState)
    {
        lock (_lock)
        {
            _hardState = hardState;
        }
    }

    public void SetConfState(ConfState confState)
    {
        lock (_lock)
        {
            _confState = confState;
        }
    }

    public void SetMetadata(ReadOnlyMemory<byte> metadata)
    {
        lock (_lock)
        {
            Metadata = metadata;
        }
    }

    /// <summary>Recovery: the range as a segment's carried state says it. Places that older segments did not tell stay open.</summary>
    public void SetRange(EntryId compacted, long last)
    {
        lock (_lock)
        {
            if (_slots.Count > 0 && compacted.Index > Last)
            {
                TruncateFrom(First);
            }

            // Entries below the range died by a compaction, entries above it by a truncation, in segments that are gone.
            while (_slots.Count > 0 && First <= compacted.Index)
            {
                Release(in _slots[0]);
                _slots.PopFront(1);
                _compacted = new EntryId(0, _compacted.Index + 1);
            }

            Invariant.Holds(_slots.Count == 0 || _compacted.Index == compacted.Index, $"{Id} starts at {First}, carried state says {compacted}");
            _compacted = compacted;
            TruncateFrom(last + 1);
            while (Last < last)
            {
                _slots.PushBack(default);
            }
        }
    }

    /// <summary>Recovery: the first index whose place no segment told, or 0.</summary>
    public long FindHole()
    {
        lock (_lock)
        {
            for (var i = 0; i < _slots.Count; i++)
            {
                if (_slots[i].Segment is null)
                {
                    return First + i;
                }
            }

            return 0;
        }
    }

    /// <summary>Lets go of all entries: the group is removed.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            TruncateFrom(First);
        }
    }

    /// <summary>Forgets the payloads up to an index; they are read from the disk from now on.</summary>
    public void Forget(long index)
    {
        lock (_lock)
        {
            var firstRecent = Last - _recent.Count + 1;
            _recent.PopFront((int)Math.Clamp(index - firstRecent + 1, 0, _recent.Count));
        }
    }

    private static void Release(in LogSlot slot) => slot.Segment?.AddLive(-slot.RecordSize);

    private void BeginAppend(long index)
    {
        Invariant.Holds(index >= First && index <= Last + 1, $"{Id} number {Number} appends {index} to {First}..{Last}");
        TruncateFrom(index);
    }

    private void TruncateFrom(long index)
    {
        var count = (int)Math.Max(0, Last - index + 1);
        for (var i = _slots.Count - count; i < _slots.Count; i++)
        {
            Release(in _slots[i]);
        }

        _slots.PopBack(count);
        _recent.PopBack(Math.Min(count, _recent.Count));
    }
}
