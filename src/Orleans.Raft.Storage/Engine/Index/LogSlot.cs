using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Engine;

/// <summary>Where an entry stands: 24 bytes each, for every live entry of every group.</summary>
internal readonly struct LogSlot(long term, EntryType type, Segment segment, int offset, int payloadLength)
{
    // Two bits hold the type: payloads are shorter than 2^29.
    private const int TypeShift = 30;

    private readonly uint _lengthAndType = (uint)payloadLength | ((uint)type << TypeShift);

    public long Term { get; } = term;

    /// <summary>Null in a slot whose place is not known yet, which happens only during recovery.</summary>
    public Segment? Segment { get; } = segment;

    /// <summary>Offset of the record in its segment.</summary>
    public int Offset { get; } = offset;

    public int PayloadLength => (int)(_lengthAndType & ((1u << TypeShift) - 1));

    public EntryType Type => (EntryType)(_lengthAndType >> TypeShift);

    public int RecordSize => RecordHeader.Size + PayloadLength;
}
