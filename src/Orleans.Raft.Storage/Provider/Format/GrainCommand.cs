using System.Collections.Immutable;
using System.IO.Hashing;

namespace Orleans.Raft.Storage.Provider;

/// <summary>What a command does to its record.</summary>
internal enum GrainCommandKind : byte
{
    /// <summary>Stores a state.</summary>
    Write = 1,

    /// <summary>Clears a state and remembers that it was, under a new ETag.</summary>
    Clear = 2,

    /// <summary>Clears a state and forgets the record. The choice travels with the command: an option may differ between silos, a verdict may not.</summary>
    Delete = 3,
}

/// <summary>
/// A write or clear, as proposed. Format 1, little-endian: format byte, kind byte, slot (2), groups (2), operation (16), expectation flags
/// (bit 0 absence, bit 1 version, bits 4 to 7 number of operations), version (20, if any), operations (16 each), key (4 + n), and for a write checksum (8) and payload.
/// </summary>
/// <param name="Kind">What it does.</param>
/// <param name="Slot">Slot of the key.</param>
/// <param name="Groups">Number of groups by which the sender found this one.</param>
/// <param name="Operation">Which operation of which provider it is.</param>
/// <param name="Expectation">What the stored record must be.</param>
/// <param name="Key">See <see cref="RecordKey"/>.</param>
/// <param name="Checksum">Of the payload, see <see cref="ChecksumOf"/>.</param>
/// <param name="Payload">The serialized state; empty for a clear.</param>
internal readonly record struct GrainCommand(
    GrainCommandKind Kind,
    ushort Slot,
    ushort Groups,
    OperationId Operation,
    Expectation Expectation,
    ReadOnlyMemory<byte> Key,
    ulong Checksum,
    ReadOnlyMemory<byte> Payload)
{
    /// <summary>The format that this code writes.</summary>
    public const byte Format = 1;

    private const byte AbsenceFlag = 1;
    private const byte VersionFlag = 2;
    private const int OperationsShift = 4;
    private const int FixedSize = 2 + (2 * sizeof(ushort)) + OperationId.Size + 1 + sizeof(int);

    /// <summary>XXH64 of a payload.</summary>
    public static ulong ChecksumOf(ReadOnlySpan<byte> payload) => XxHash64.HashToUInt64(payload);

    /// <summary>Encodes the command.</summary>
    public byte[] Encode()
    {
        var operations = Expectation.Operations;
        var size = FixedSize + (Expectation.Version is null ? 0 : RecordVersion.Size) + (operations.Length * OperationId.Size) + Key.Length
            + (Kind is GrainCommandKind.Write ? sizeof(ulong) + Payload.Length : 0);
        var bytes = new byte[size];
        var writer = new ByteWriter(bytes);
        writer.Byte(Format);
        writer.Byte((byte)Kind);
        writer.UInt16(Slot);
        writer.UInt16(Groups);
        writer.Operation(Operation);
        writer.Byte((byte)((Expectation.AcceptsAbsence ? AbsenceFlag : 0)
            | (Expectation.Version is null ? 0 : VersionFlag) | (operations.Length << OperationsShift)));
        if (Expectation.Version is { } version)
        {
            writer.Version(version);
        }

        foreach (var operation in operations)
        {
            writer.Operation(operation);
        }

        writer.Bytes(Key.Span);
        if (Kind is GrainCommandKind.Write)
        {
            writer.UInt64(Checksum);
            writer.Rest(Payload.Span);
        }

        return bytes;
    }

    /// <summary>Decodes a command of format 1; key and payload are slices of <paramref name="bytes"/>. False if it is not one.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, out GrainCommand command)
    {
        var reader = new ByteReader(bytes);
        var format = reader.Byte();
        var kind = (GrainCommandKind)reader.Byte();
        var (slot, groups) = (reader.UInt16(), reader.UInt16());
        var operation = reader.Operation();
        var expectation = ReadExpectation(ref reader);
        var key = reader.Bytes();
        var isWrite = kind is GrainCommandKind.Write;
        var checksum = isWrite ? reader.UInt64() : 0;
        var payload = isWrite ? reader.Rest() : default;
        command = new GrainCommand(kind, slot, groups, operation, expectation, key, checksum, payload);
        return reader.IsAtEnd && format == Format && kind is >= GrainCommandKind.Write and <= GrainCommandKind.Delete
            && slot < GrainSlot.Count && groups is > 0 and <= GrainSlot.Count && !key.IsEmpty
            && (!isWrite || checksum == ChecksumOf(payload.Span));
    }

    private static Expectation ReadExpectation(ref ByteReader reader)
    {
        var flags = reader.Byte();
        RecordVersion? version = (flags & VersionFlag) != 0 ? reader.Version() : null;
        var operations = ImmutableArray.CreateBuilder<OperationId>(flags >> OperationsShift);
        while (operations.Count < operations.Capacity)
        {
            operations.Add(reader.Operation());
        }

        return new Expectation((flags & AbsenceFlag) != 0, version, operations.MoveToImmutable());
    }
}
