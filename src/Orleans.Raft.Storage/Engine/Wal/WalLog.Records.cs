using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Engine;

/// <summary>What a sync batch says: operations as records before the write, their effect on the groups after it.</summary>
internal sealed partial class WalLog
{
    private void Encode(WriteBatch batch, int target)
    {
        foreach (ref readonly var operation in batch.Span)
        {
            var group = _targets[target++].Group;
            switch (operation.Kind)
            {
                case LogOperationKind.Append:
                    for (var i = 0; i < operation.Entries!.Count; i++)
                    {
                        _buffer.Add(group.Number, operation.Entries[i]);
                    }

                    break;
                case LogOperationKind.HardState:
                    _buffer.AddHardState(group.Number, operation.HardState);
                    break;
                case LogOperationKind.ConfState:
                    _buffer.AddConfState(group.Number, operation.ConfState!);
                    break;
                case LogOperationKind.Reset:
                    _buffer.AddReset(group.Number, operation.Position, operation.ConfState!, operation.Generation);
                    break;
                case LogOperationKind.Compact:
                    _buffer.AddCompact(group.Number, operation.Position);
                    break;
                case LogOperationKind.Metadata:
                    _buffer.AddMetadata(group.Number, operation.Data.Span);
                    break;
                case LogOperationKind.RemoveGroup:
                    _buffer.AddNamed(RecordKind.RemoveGroup, group.Number, group.Id, 0, operation.Replica.Value);
                    Forget(group, operation.Replica);
                    break;
            }
        }
    }

    /// <summary>Takes a group out of the books, so that a later opening in the same sync batch makes a new one.</summary>
    private void Forget(WalGroup group, ReplicaId removed)
    {
        lock (_groupsLock)
        {
            _groups.Remove(group.Id);
            if (!removed.IsNone)
            {
                if (!_removed.TryGetValue(group.Id, out var replicas))
                {
                    _removed.Add(group.Id, replicas = []);
                }

                replicas.Add(removed);
            }
        }
    }

    /// <summary>Shows readers what is durable now.</summary>
    /// <param name="write">The write.</param>
    /// <param name="start">Offset of the sync batch's records in the active segment.</param>
    private void Apply(PendingWrite write, int start)
    {
        if (write.Move is { } move)
        {
            ApplyMove(move, start);
            return;
        }

        if (write.Batch is not { } batch)
        {
            CompleteOpening(write);
            return;
        }

        var offset = start + write.BodyOffset;
        var target = write.FirstTarget;
        foreach (ref readonly var operation in batch.Span)
        {
            offset += Apply(_targets[target++].Group, in operation, offset);
        }
    }

    /// <summary>Returns the size of the operation's records.</summary>
    private int Apply(WalGroup group, in LogOperation operation, int offset)
    {
        switch (operation.Kind)
        {
            case LogOperationKind.Append:
                return ApplyAppend(group, operation.Entries!, offset);
            case LogOperationKind.HardState:
                group.SetHardState(operation.HardState);
                break;
            case LogOperationKind.ConfState:
                group.SetConfState(operation.ConfState!);
                break;
            case LogOperationKind.Reset:
                group.Reset(operation.Position, operation.ConfState!, operation.Generation);
                _segments.Note(IndexItem.State(RecordKind.Reset, group.Number, operation.Position));
                _mayHaveFreed = true;
                break;
            case LogOperationKind.Compact:
                group.Compact(operation.Position);
                _segments.Note(IndexItem.State(RecordKind.Compact, group.Number, operation.Position));
                _mayHaveFreed = true;
                break;
            case LogOperationKind.Metadata:
                group.SetMetadata(operation.Data.ToArray());
                break;
            case LogOperationKind.RemoveGroup:
                group.Clear();
                _segments.Note(IndexItem.State(RecordKind.RemoveGroup, group.Number, default));
                _mayHaveFreed = true;
                break;
        }

        return (int)RecordSizes.Of(in operation);
    }

    private int ApplyAppend(WalGroup group, IReadOnlyList<Entry> entries, int offset)
    {
        var segment = _segments.Active;
        _mayHaveFreed |= entries[0].Index <= group.LastIndex;
        group.Append(segment, offset, entries);
        var payload = 0;
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            var slot = new LogSlot(entry.Term, entry.Type, segment, offset + payload + (i * RecordHeader.Size), entry.Data.Length);
            _segments.Note(IndexItem.Entry(RecordKind.Entry, group.Number, in slot, entry.Index));
            payload += entry.Data.Length;
        }

        _recent.Add(group, entries[^1].Index, entries.Count, payload);
        return payload + (entries.Count * RecordHeader.Size);
    }

    private void ApplyMove(MoveRequest move, int start)
    {
        foreach (var (group, index, offset) in move.Planned)
        {
            if (group.TryGetSlot(index, out var old))
            {
                var slot = new LogSlot(old.Term, old.Type, _segments.Active, start + offset, old.PayloadLength);
                group.Move(in slot, index);
                _segments.Note(IndexItem.Entry(RecordKind.MovedEntry, group.Number, in slot, index));
            }
        }

        _mayHaveFreed = true;
    }

    /// <summary>Begins a segment with the state of all groups, so that no older segment is needed for anything but entries.</summary>
    private void WriteCarry()
    {
        foreach (var (id, replicas) in _removed)
        {
            foreach (var replica in replicas)
            {
                _buffer.AddNamed(RecordKind.Tombstone, 0, id, 0, replica.Value);
            }
        }

        foreach (var group in _groups.Values)
        {
            var (hardState, confState) = group.InitialState;
            _buffer.AddNamed(RecordKind.CreateGroup, group.Number, group.Id, group.Generation, 0);
            _buffer.AddRange(group.Number, group.Compacted, group.LastIndex);
            _buffer.AddHardState(group.Number, hardState);
            _buffer.AddConfState(group.Number, confState);
            _buffer.AddMetadata(group.Number, group.Metadata.Span);
        }
    }

    private long CarrySize()
    {
        var size = 0L;
        foreach (var (id, replicas) in _removed)
        {
            size += (long)replicas.Count * (RecordHeader.Size + RecordPayload.SizeOf(id));
        }

        foreach (var group in _groups.Values)
        {
            size += (5 * RecordHeader.Size) + RecordPayload.SizeOf(group.Id) + sizeof(long) + RecordPayload.VoteSize
                + RecordPayload.SizeOf(group.InitialState.ConfState) + group.Metadata.Length;
        }

        return BatchHeader.Pad((int)size);
    }
}
