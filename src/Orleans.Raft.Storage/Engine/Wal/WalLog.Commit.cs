using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Engine;

/// <summary>From queued writes to a durable sync batch.</summary>
internal sealed partial class WalLog
{
    /// <summary>
    /// Makes writes durable together. Each then has its result, or its refusal: what does not fit its group's log is left out, whole.
    /// </summary>
    public void Commit(IReadOnlyList<PendingWrite> writes)
    {
        var bytes = 0;
        for (var i = 0; i < writes.Count; i++)
        {
            bytes += writes[i].RecordBytes;
        }

        if (writes[0].Move is null)
        {
            MakeRoom(bytes);
        }

        _targets.Clear();
        BeginBatch(bytes);
        for (var i = 0; i < writes.Count; i++)
        {
            Plan(writes[i]);
        }

        if (_buffer.RecordCount == _carryCount)
        {
            // Openings of groups that exist: what they wait for was durable before.
            CompleteOpenings(writes);
            return;
        }

        var start = Flush(BatchFlags.None);
        for (var i = 0; i < writes.Count; i++)
        {
            if (writes[i].Refusal is null)
            {
                Apply(writes[i], start);
            }
        }

        if (_mayHaveFreed)
        {
            _mayHaveFreed = false;
            _segments.CheckForDead();
        }
    }

    /// <summary>Writes that everything before is durable (SAFETY-RULES A10).</summary>
    public void Mark(bool closing)
    {
        MakeRoom(0);
        BeginBatch(0);
        Flush(closing ? BatchFlags.Mark | BatchFlags.Close : BatchFlags.Mark);
    }

    /// <summary>
    /// Before a batch that would let the directory grow beyond its bound: takes away what is dead and moves what is live. Usually the keeper has done that.
    /// </summary>
    private void MakeRoom(int bytes)
    {
        var size = BatchHeader.Pad(BatchHeader.Size + bytes);
        while (_segments.IsShortOfRoom(size))
        {
            _segments.Maintain();
            if (!_segments.IsShortOfRoom(size) || !_mover.TryEmptyOldest())
            {
                return;
            }
        }
    }

    private bool CommitMove(MoveRequest move)
    {
        _oneMove.Clear();
        _oneMove.Add(new PendingWrite(static _ => { }) { Move = move, RecordBytes = move.Bytes });
        Commit(_oneMove);
        return true;
    }

    private void BeginBatch(int bytes)
    {
        var size = BatchHeader.Pad(BatchHeader.Size + bytes);
        var active = _segments.Active;
        if (active.WriteOffset + size + (active.FirstSequence == 0 ? CarrySize() : 0) > active.Size)
        {
            _segments.Advance(size, CarrySize());
        }

        _buffer.Clear(bytes);
        _carryCount = 0;
        if (_segments.Active.FirstSequence == 0)
        {
            WriteCarry();
            _carryCount = _buffer.RecordCount;
        }
    }

    /// <summary>Writes and syncs the batch. Returns the offset at which its records begin.</summary>
    private int Flush(BatchFlags flags)
    {
        var segment = _segments.Active;
        var isFirst = segment.FirstSequence == 0;
        var sequence = _sequence + 1;
        var offset = segment.WriteOffset;
        var bytes = _buffer.Seal(segment.Id, sequence, _sequence, isFirst ? flags | BatchFlags.Carry : flags, _storeTag, _carryCount);
        Invariant.Holds(offset + bytes.Length <= segment.Size, $"{segment} gets a batch of {bytes.Length} bytes");

        segment.File.WriteAll(offset, bytes);
        segment.File.SyncData();

        segment.WriteOffset = offset + bytes.Length;
        segment.FirstSequence = isFirst ? sequence : segment.FirstSequence;
        segment.LastSequence = sequence;
        Volatile.Write(ref _sequence, sequence);
        return (int)offset + BatchHeader.Size;
    }

    private void Plan(PendingWrite write)
    {
        write.BodyOffset = _buffer.BodyLength;
        write.FirstTarget = _targets.Count;
        if (write.Batch is { } batch)
        {
            write.Refusal = Check(batch);
            if (write.Refusal is null)
            {
                Encode(batch, write.FirstTarget);
            }
        }
        else if (write.Move is { } move)
        {
            PlanMove(move);
        }
        else
        {
            PlanOpening(write);
        }
    }

    private void PlanOpening(PendingWrite write)
    {
        var id = write.Group;
        if (!_groups.TryGetValue(id, out var group))
        {
            group = new WalGroup(this, ++_lastGroupNumber, id, NewGeneration());
            _buffer.AddNamed(RecordKind.CreateGroup, group.Number, id, group.Generation, 0);
            lock (_groupsLock)
            {
                _groups.Add(id, group);
            }
        }

        // From here on the queue's later writes under an older number are refused (SAFETY-RULES A12).
        group.Owner = ++_lastOwner;
        write.OpenedGroup = group;
        write.OpenedOwner = group.Owner;
    }

    /// <summary>
    /// Copies the entries that still stand where they stood. A move is a sync batch of its own, so nothing queued with it can have changed that.
    /// </summary>
    private void PlanMove(MoveRequest move)
    {
        move.Planned.Clear();
        foreach (var (group, index, record) in move.Entries)
        {
            if (group.TryGetSlot(index, out var slot) && slot.Segment == move.From)
            {
                var offset = _buffer.BodyLength;
                _buffer.AddMoved(group.Number, in slot, index, record);
                move.Planned.Add((group, index, offset));
            }
        }
    }

    /// <summary>Checks a batch against what its groups will be when everything before it is durable; all of it fits, or nothing changes.</summary>
    private InvalidOperationException? Check(WriteBatch batch)
    {
        var first = _targets.Count;
        foreach (ref readonly var operation in batch.Span)
        {
            var refusal = TryPlan(in operation);
            if (refusal is not null)
            {
                for (var i = _targets.Count - 1; i >= first; i--)
                {
                    _targets[i].Group.Planned = _targets[i].Before;
                }

                _targets.RemoveRange(first, _targets.Count - first);
                return refusal;
            }
        }

        return null;
    }

    private InvalidOperationException? TryPlan(in LogOperation operation)
    {
        var opened = operation.Log;
        var group = Find(opened);
        if (group is null || group.Owner != opened.Owner)
        {
            return new FencedException(
                $"{opened.Group} {operation.Kind} by owner {opened.Owner} refused: "
                + (group is null ? "the group was removed." : $"it is owned by {group.Owner} now."));
        }

        if (group.Planned.TryApply(in operation, out var after) is { } problem)
        {
            return new InvalidOperationException(problem);
        }

        _targets.Add((group, group.Planned));
        group.Planned = after;
        return null;
    }

    private WalGroup? Find(GroupLog opened) =>
        opened.Reader is WalGroup group && group.Home == this && !group.IsGone ? group : _groups.GetValueOrDefault(opened.Group);

    private static void CompleteOpenings(IReadOnlyList<PendingWrite> writes)
    {
        for (var i = 0; i < writes.Count; i++)
        {
            CompleteOpening(writes[i]);
        }
    }

    private static void CompleteOpening(PendingWrite write)
    {
        if (write.OpenedGroup is { } group)
        {
            write.Opened = new GroupLog(group.Id, write.OpenedOwner, group) { Generation = group.Generation, Metadata = group.Metadata };
        }
    }
}
