using System.Buffers.Binary;
using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Engine;

/// <summary>Rebuilds the groups from the log's records.</summary>
internal sealed class WalReplay(object home)
{
    private readonly Dictionary<uint, WalGroup> _groups = [];
    private readonly HashSet<uint> _named = [];
    private readonly HashSet<(RaftGroupId, ReplicaId)> _removed = [];

    public IReadOnlyCollection<WalGroup> Groups => _groups.Values;

    public uint LastGroupNumber { get; private set; }

    public Dictionary<RaftGroupId, List<ReplicaId>> Removed =>
        _removed.GroupBy(static pair => pair.Item1).ToDictionary(static g => g.Key, static g => g.Select(static pair => pair.Item2).Order().ToList());

    /// <summary>Applies a sync batch.</summary>
    /// <param name="segment">Where it stands.</param>
    /// <param name="offset">Offset of its records.</param>
    /// <param name="header">Its head.</param>
    /// <param name="body">Its records, checked.</param>
    /// <param name="items">Gets what the batch says about entries, for the segment's index.</param>
    public void Apply(Segment segment, int offset, in BatchHeader header, ReadOnlySpan<byte> body, List<IndexItem> items)
    {
        var position = ApplyCarry(segment, offset, in header, body);
        for (var i = header.CarryCount; i < header.RecordCount; i++)
        {
            var record = Read(segment, offset, body, position);
            Apply(segment, offset + position, in record, body.Slice(position + RecordHeader.Size, record.PayloadLength));
            if (record.Kind is RecordKind.Entry or RecordKind.MovedEntry or RecordKind.Reset or RecordKind.Compact or RecordKind.RemoveGroup)
            {
                var isEntry = record.Kind is RecordKind.Entry or RecordKind.MovedEntry;
                // As the writer notes it, so that an index can be compared with its segment.
                var index = record.Kind == RecordKind.RemoveGroup ? 0 : record.Index;
                items.Add(new IndexItem(
                    record.Kind, record.EntryType, 0, record.Group, record.Term, index, isEntry ? offset + position : 0, isEntry ? record.PayloadLength : 0));
            }

            position += record.RecordSize;
        }
    }

    /// <summary>Applies the state of all groups with which a segment begins. Returns where the batch's own records begin.</summary>
    public int ApplyCarry(Segment segment, int offset, in BatchHeader header, ReadOnlySpan<byte> body)
    {
        if (!header.Flags.HasFlag(BatchFlags.Carry))
        {
            return 0;
        }

        _named.Clear();
        var position = 0;
        for (var i = 0; i < header.CarryCount; i++)
        {
            var record = Read(segment, offset, body, position);
            Apply(segment, offset + position, in record, body.Slice(position + RecordHeader.Size, record.PayloadLength));
            position += record.RecordSize;
        }

        foreach (var number in _groups.Keys)
        {
            if (!_named.Contains(number))
            {
                Remove(number);
            }
        }

        return position;
    }

    /// <summary>Applies what a sealed segment's index says. Hard states and the like come with the next segment's carried state.</summary>
    public void Apply(Segment segment, ReadOnlySpan<IndexItem> items)
    {
        foreach (ref readonly var item in items)
        {
            LastGroupNumber = Math.Max(LastGroupNumber, item.Group);
            var group = Find(item.Group);
            switch (item.Kind)
            {
                case RecordKind.Entry:
                    group.Append(item.ToSlot(segment), item.Index);
                    break;
                case RecordKind.MovedEntry:
                    group.Move(item.ToSlot(segment), item.Index);
                    break;
                case RecordKind.Reset:
                    group.Reset(new EntryId(item.Term, item.Index), ConfState.Empty, 0);
                    break;
                case RecordKind.Compact:
                    group.Compact(new EntryId(item.Term, item.Index));
                    break;
                case RecordKind.RemoveGroup:
                    Remove(item.Group);
                    break;
                default:
                    throw new CorruptionException(segment.File.Path, 0, "an index of entries, resets, compactions and removals", $"an item of kind {item.Kind}");
            }
        }
    }

    private static RecordHeader Read(Segment segment, int offset, ReadOnlySpan<byte> body, int position) =>
        RecordHeader.TryRead(body[position..], out var record, out var problem)
            ? record
            : throw new CorruptionException(segment.File.Path, offset + position, "a record", problem);

    private void Apply(Segment segment, int offset, in RecordHeader record, ReadOnlySpan<byte> payload)
    {
        LastGroupNumber = Math.Max(LastGroupNumber, record.Group);
        switch (record.Kind)
        {
            case RecordKind.Entry:
                var type = (EntryType)record.EntryType;
                Find(record.Group).Append(new LogSlot(record.Term, type, segment, offset, record.PayloadLength), record.Index);
                break;
            case RecordKind.MovedEntry:
                Find(record.Group).Move(new LogSlot(record.Term, (EntryType)record.EntryType, segment, offset, record.PayloadLength), record.Index);
                break;
            case RecordKind.HardState:
                var vote = new ReplicaId(BinaryPrimitives.ReadInt64LittleEndian(payload));
                Find(record.Group).SetHardState(new HardState(record.Term, vote, record.Index));
                break;
            case RecordKind.ConfState:
                Find(record.Group).SetConfState(RecordPayload.ReadConfState(payload));
                break;
            case RecordKind.Reset:
                var (generation, confState) = RecordPayload.ReadReset(payload);
                Find(record.Group).Reset(new EntryId(record.Term, record.Index), confState, generation);
                break;
            case RecordKind.Compact:
                Find(record.Group).Compact(new EntryId(record.Term, record.Index));
                break;
            case RecordKind.Metadata:
                Find(record.Group).SetMetadata(payload.ToArray());
                break;
            case RecordKind.CreateGroup:
                Create(record, RecordPayload.ReadGroup(payload));
                break;
            case RecordKind.Range:
                Find(record.Group).SetRange(new EntryId(record.Term, record.Index), BinaryPrimitives.ReadInt64LittleEndian(payload));
                break;
            case RecordKind.RemoveGroup:
                Remove(record.Group);
                AddTombstone(RecordPayload.ReadGroup(payload), record.Index);
                break;
            case RecordKind.Tombstone:
                AddTombstone(RecordPayload.ReadGroup(payload), record.Index);
                break;
            case RecordKind.None:
            default:
                throw new CorruptionException(segment.File.Path, offset, "a record of a known kind", $"kind {(int)record.Kind}");
        }
    }

    /// <summary>Finds a group that only older records name; a carried state that follows tells who it is, or that it is gone.</summary>
    private WalGroup Find(uint number)
    {
        if (!_groups.TryGetValue(number, out var group))
        {
            _groups.Add(number, group = new WalGroup(home, number, default, 0));
        }

        return group;
    }

    private void Create(RecordHeader record, RaftGroupId id)
    {
        var group = Find(record.Group);
        group.Id = id;
        group.Generation = record.Term;
        _named.Add(record.Group);
    }

    private void Remove(uint number)
    {
        if (_groups.Remove(number, out var group))
        {
            group.Clear();
        }
    }

    private void AddTombstone(RaftGroupId group, long replica)
    {
        if (replica != 0)
        {
            _removed.Add((group, new ReplicaId(replica)));
        }
    }
}
