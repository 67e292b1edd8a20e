using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Storage.Engine;

/// <summary>What a record of the log says. The numbers are on disk.</summary>
internal enum RecordKind : byte
{
    None = 0,

    /// <summary>An appended entry; what was stored at or above its index is gone.</summary>
    Entry = 1,

    HardState = 2,

    ConfState = 3,

    /// <summary>All entries dropped; the log continues after term/index.</summary>
    Reset = 4,

    /// <summary>Entries up to term/index dropped.</summary>
    Compact = 5,

    /// <summary>The group is gone; index is the replica whose number is remembered.</summary>
    RemoveGroup = 6,

    Metadata = 7,

    /// <summary>A group begins; term is its generation.</summary>
    CreateGroup = 8,

    /// <summary>A live entry copied out of an old segment: same position, new place.</summary>
    MovedEntry = 9,

    /// <summary>Carried at the start of a segment: the log continues after term/index, and ends at the payload's index.</summary>
    Range = 10,

    /// <summary>Carried: a removed replica's number.</summary>
    Tombstone = 11,
}

/// <summary>
/// Head of a record, 32 bytes: checksum of all that follows (head and payload), payload length, kind, entry type, group number, term, index.
/// </summary>
internal readonly record struct RecordHeader(RecordKind Kind, byte EntryType, uint Group, long Term, long Index, int PayloadLength)
{
    public const int Size = 32;

    /// <summary>No payload is longer, so that a length that was damaged is recognized before it is believed.</summary>
    public const int MaxPayload = 1 << 29;

    /// <summary>Size of the whole record.</summary>
    public int RecordSize => Size + PayloadLength;

    /// <summary>Writes the head; the payload already stands behind it.</summary>
    public void Seal(Span<byte> record)
    {
        BinaryPrimitives.WriteInt32LittleEndian(record[4..], PayloadLength);
        record[8] = (byte)Kind;
        record[9] = EntryType;
        BinaryPrimitives.WriteUInt16LittleEndian(record[10..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(record[12..], Group);
        BinaryPrimitives.WriteInt64LittleEndian(record[16..], Term);
        BinaryPrimitives.WriteInt64LittleEndian(record[24..], Index);
        BinaryPrimitives.WriteUInt32LittleEndian(record, Crc32C.Of(record[4..(Size + PayloadLength)]));
    }

    /// <summary>Reads a head and checks the record as a whole; false with the reason if it is not what was written.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out RecordHeader header, [NotNullWhen(false)] out string? problem)
    {
        header = default;
        problem = null;
        if (bytes.Length < Size)
        {
            problem = $"expected a record of at least {Size} bytes, found {bytes.Length} bytes";
            return false;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        if (length < 0 || length > MaxPayload || length > bytes.Length - Size)
        {
            problem = $"expected a record within {bytes.Length} bytes, found a payload length of {length}";
            return false;
        }

        var expected = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        var found = Crc32C.Of(bytes[4..(Size + length)]);
        if (expected != found)
        {
            problem = $"expected record checksum {expected:x8}, found {found:x8}";
            return false;
        }

        header = new RecordHeader(
            (RecordKind)bytes[8],
            bytes[9],
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]),
            length);
        return true;
    }
}
