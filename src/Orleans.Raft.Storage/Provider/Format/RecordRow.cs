namespace Orleans.Raft.Storage.Provider;

/// <summary>
/// Rows of a group in the silo's state store. Key: a byte that says what it is, then for a record its <see cref="RecordKey"/>. A record's row, format 1, little-endian: format byte,
/// flags byte (bit 0 exists, bit 1 the payload is here), version (20), operation (16), checksum (8), payload.
/// </summary>
internal static class RecordRow
{
    private const byte RecordPrefix = 1;
    private const byte ExistsFlag = 1;
    private const byte PayloadFlag = 2;
    private const int HeaderSize = 2 + RecordVersion.Size + OperationId.Size + sizeof(ulong);

    /// <summary>Key of the group's facts, see <see cref="GroupFacts"/>.</summary>
    public static readonly byte[] FactsKey = [0];

    /// <summary>Key of a record's row.</summary>
    public static byte[] KeyOf(ReadOnlySpan<byte> recordKey)
    {
        var key = new byte[recordKey.Length + 1];
        key[0] = RecordPrefix;
        recordKey.CopyTo(key.AsSpan(1));
        return key;
    }

    /// <summary>Whether a row is a record's.</summary>
    public static bool IsRecord(ReadOnlySpan<byte> rowKey) => rowKey[0] == RecordPrefix;

    /// <summary>The record's key in its row's key.</summary>
    public static ReadOnlyMemory<byte> RecordKeyOf(byte[] rowKey) => rowKey.AsMemory(1);

    /// <summary>Encodes a record, with its payload or without.</summary>
    public static byte[] Encode(in GrainRecord record, bool withPayload = true)
    {
        var bytes = new byte[HeaderSize + (withPayload ? record.Payload.Length : 0)];
        var writer = new ByteWriter(bytes);
        writer.Byte(GrainCommand.Format);
        writer.Byte((byte)((record.Exists ? ExistsFlag : 0) | (withPayload ? PayloadFlag : 0)));
        writer.Version(record.Version);
        writer.Operation(record.Operation);
        writer.UInt64(record.Checksum);
        if (withPayload)
        {
            writer.Rest(record.Payload.Span);
        }

        return bytes;
    }

    /// <summary>Decodes a row; the payload is a slice of it, and empty where it is kept elsewhere.</summary>
    /// <exception cref="NotSupportedException">A newer release wrote it.</exception>
    public static GrainRecord Decode(byte[] bytes)
    {
        var reader = new ByteReader(bytes);
        var (format, flags) = (reader.Byte(), reader.Byte());
        var record = new GrainRecord(reader.Version(), reader.Operation(), (flags & ExistsFlag) != 0, reader.UInt64(), reader.Rest());
        return format == GrainCommand.Format && reader.IsAtEnd
            ? record
            : throw new NotSupportedException($"A record's row has {bytes.Length} bytes and format {format}; this release reads format {GrainCommand.Format}. Upgrade this silo.");
    }
}
