using System.Runtime.InteropServices;
using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// What a segment says about entries, without the entries: 32 bytes as they stand in its index file. Hard states, configurations and the
/// like are not in it, because the next segment begins with all of them.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal readonly record struct IndexItem(
    RecordKind Kind, byte Type, ushort Reserved, uint Group, long Term, long Index, int Offset, int PayloadLength)
{
    public const int Size = 32;

    public static IndexItem Entry(RecordKind kind, uint group, in LogSlot slot, long index) =>
        new(kind, (byte)slot.Type, 0, group, slot.Term, index, slot.Offset, slot.PayloadLength);

    public static IndexItem State(RecordKind kind, uint group, EntryId position) =>
        new(kind, 0, 0, group, position.Term, position.Index, 0, 0);

    public LogSlot ToSlot(Segment segment) => new(Term, (EntryType)Type, segment, Offset, PayloadLength);
}
