using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Engine;

/// <summary>Reading entries: from memory where they are recent, else from their segments.</summary>
internal sealed partial class WalGroup
{
    public bool TryRead(long low, long high, long maxBytes, List<Entry> into)
    {
        List<LogSlot>? onDisk = null;
        var position = into.Count;
        lock (_lock)
        {
            if (low < First)
            {
                return false;
            }

            var bytes = 0L;
            var end = Math.Min(high, Last + 1);
            var firstRecent = Last - _recent.Count + 1;
            for (var index = low; index < end; index++)
            {
                ref readonly var slot = ref _slots[(int)(index - First)];
                bytes += EntrySize.Of(slot.Term, index, slot.PayloadLength);
                if (index > low && bytes > maxBytes)
                {
                    break;
                }

                if (index >= firstRecent)
                {
                    into.Add(new Entry(slot.Term, index, slot.Type, _recent[(int)(index - firstRecent)]));
                    continue;
                }

                // A place of a live entry can't be in a retired segment, and the lock keeps it live.
                Invariant.Holds(slot.Segment!.TryPin(), $"{Id} {slot.Term}/{index} stands in retired {slot.Segment}");
                (onDisk ??= []).Add(slot);
                into.Add(default);
            }
        }

        if (onDisk is not null)
        {
            ReadFromDisk(low, onDisk, position, into);
        }

        return true;
    }

    /// <summary>Reads one record and checks that it is the one that was looked for.</summary>
    public byte[] ReadRecord(in LogSlot slot, long index)
    {
        var record = new byte[slot.RecordSize];
        var file = slot.Segment!.File;
        var read = file.Read(slot.Offset, record);
        if (!RecordHeader.TryRead(record.AsSpan(0, read), out var header, out var problem))
        {
            throw new CorruptionException(file.Path, slot.Offset, $"{Id} entry {slot.Term}/{index}", problem, ReadAdvice);
        }

        return header.Group == Number && header.Index == index && header.Term == slot.Term
            && header.Kind is RecordKind.Entry or RecordKind.MovedEntry && header.PayloadLength == slot.PayloadLength
            ? record
            : throw new CorruptionException(
                file.Path, slot.Offset, $"{Id} entry {slot.Term}/{index} of group number {Number}", $"{header}", ReadAdvice);
    }

    private const string ReadAdvice =
        "This replica stops; the others of its group still have the entry. Check the disk, and let the replica be made anew from them.";

    private void ReadFromDisk(long low, List<LogSlot> slots, int position, List<Entry> into)
    {
        try
        {
            for (var i = 0; i < slots.Count; i++)
            {
                var slot = slots[i];
                var record = ReadRecord(in slot, low + i);
                into[position + i] = new Entry(slot.Term, low + i, slot.Type, record.AsMemory(RecordHeader.Size));
            }
        }
        finally
        {
            foreach (var slot in slots)
            {
                slot.Segment!.Unpin();
            }
        }
    }
}
