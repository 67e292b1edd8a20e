using System.Buffers.Binary;

namespace Orleans.Raft.Storage.Engine;

/// <summary>What is special about a sync batch. The numbers are on disk.</summary>
[Flags]
internal enum BatchFlags : uint
{
    None = 0,

    /// <summary>First of its segment: begins with the state of all groups.</summary>
    Carry = 1,

    /// <summary>Holds no records; says that everything before is durable.</summary>
    Mark = 2,

    /// <summary>A mark written by a clean close.</summary>
    Close = 4,
}

/// <summary>
/// Head of a sync batch, the unit of durability (SAFETY-RULES A10): what one write and one fsync made durable. Batch n+1 is not written before
/// the fsync of batch n returned, so any valid batch above n proves that n once was whole. The first <see cref="CarryCount"/> records are the
/// state of all groups, if it is the first batch of its segment.
/// </summary>
internal readonly record struct BatchHeader(
    long Segment, long Sequence, long DurableSequence, int BodyLength, uint BodyChecksum, int RecordCount, BatchFlags Flags, ulong Store, int CarryCount)
{
    public const int Size = 64;

    /// <summary>
    /// Batches begin at sector boundaries: a power cut tears writes between sectors, so writing a batch can't hurt the one before.
    /// </summary>
    public const int Alignment = 512;

    private const uint Magic = 0x3142524F; // "ORB1"

    /// <summary>Bytes that the batch occupies, padding included.</summary>
    public int PaddedSize => Pad(Size + BodyLength);

    public static int Pad(int length) => (length + Alignment - 1) / Alignment * Alignment;

    public void WriteTo(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], Segment);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[24..], DurableSequence);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[32..], BodyLength);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[36..], BodyChecksum);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[40..], RecordCount);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[44..], (uint)Flags);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[48..], Store);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[56..], CarryCount);
        bytes[60..Size].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], Crc32C.Of(bytes[8..Size]));
    }

    /// <summary>Reads a head if there is an undamaged one; whose it is, is the caller's question.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out BatchHeader header)
    {
        header = default;
        if (bytes.Length < Size || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) != Crc32C.Of(bytes[8..Size]))
        {
            return false;
        }

        header = new BatchHeader(
            BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[36..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[40..]),
            (BatchFlags)BinaryPrimitives.ReadUInt32LittleEndian(bytes[44..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[48..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[56..]));
        return true;
    }

    /// <summary>True for bytes that look like a head of this segment, damaged or not: something was being written here.</summary>
    public static bool LooksLikeOneOf(ReadOnlySpan<byte> bytes, long segment) =>
        bytes.Length >= Size && BinaryPrimitives.ReadUInt32LittleEndian(bytes) == Magic
        && BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]) == segment;

    /// <summary>
    /// Checksum over the heads of all records. Each head holds its record's checksum, so every payload byte is covered while it is
    /// read once; and a stale record left by an earlier use of the segment, valid in itself, does not fit.
    /// </summary>
    /// <returns>False if the records are not what was written.</returns>
    public static bool TryCheckBody(in BatchHeader header, ReadOnlySpan<byte> body, out string? problem)
    {
        var running = uint.MaxValue;
        var offset = 0;
        for (var i = 0; i < header.RecordCount; i++)
        {
            if (!RecordHeader.TryRead(body[offset..], out var record, out problem))
            {
                problem = $"record {i} of batch {header.Sequence}, {offset} bytes into its body: {problem}";
                return false;
            }

            running = Crc32C.Append(running, body.Slice(offset, RecordHeader.Size));
            offset += record.RecordSize;
        }

        problem = offset != header.BodyLength
            ? $"batch {header.Sequence}: expected {header.BodyLength} bytes of records, found {offset}"
            : ~running != header.BodyChecksum
                ? $"batch {header.Sequence}: expected checksum {header.BodyChecksum:x8} over its record heads, found {~running:x8}"
                : null;
        return problem is null;
    }
}
