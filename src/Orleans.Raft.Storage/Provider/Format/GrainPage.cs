namespace Orleans.Raft.Storage.Provider;

/// <summary>A record with its key.</summary>
internal readonly record struct KeyedRecord(ReadOnlyMemory<byte> Key, GrainRecord Record);

/// <summary>
/// A page of existing records. Format 1, little-endian: format byte, verdict byte (<see cref="GrainVerdict.Read"/>), last-page byte, number of records (4), and for each
/// key (4 + n), version (20), operation (16), checksum (8), payload (4 + n).
/// </summary>
/// <param name="Records">The records, in the order of their keys.</param>
/// <param name="IsLast">True when no record follows.</param>
internal sealed record GrainPage(IReadOnlyList<KeyedRecord> Records, bool IsLast)
{
    private const int HeaderSize = 3 + sizeof(int);
    private const int RecordSize = RecordVersion.Size + OperationId.Size + sizeof(ulong) + (2 * sizeof(int));

    /// <summary>Encodes the page.</summary>
    public byte[] Encode()
    {
        var bytes = new byte[HeaderSize + Records.Sum(item => RecordSize + item.Key.Length + item.Record.Payload.Length)];
        var writer = new ByteWriter(bytes);
        writer.Byte(GrainCommand.Format);
        writer.Byte((byte)GrainVerdict.Read);
        writer.Byte(IsLast ? (byte)1 : (byte)0);
        writer.Int32(Records.Count);
        foreach (var (key, record) in Records)
        {
            writer.Bytes(key.Span);
            writer.Version(record.Version);
            writer.Operation(record.Operation);
            writer.UInt64(record.Checksum);
            writer.Bytes(record.Payload.Span);
        }

        return bytes;
    }

    /// <summary>Decodes a page; keys and payloads are slices of <paramref name="bytes"/>.</summary>
    /// <exception cref="RaftException">It is not one.</exception>
    public static GrainPage Decode(RaftGroupId group, ReadOnlyMemory<byte> bytes)
    {
        var reader = new ByteReader(bytes);
        var (format, verdict) = (reader.Byte(), (GrainVerdict)reader.Byte());
        var isLast = reader.Byte() == 1;
        var count = reader.Int32();
        var records = new List<KeyedRecord>();
        for (var i = 0; i < count && !reader.IsBroken; i++)
        {
            var key = reader.Bytes();
            records.Add(new KeyedRecord(
                key, new GrainRecord(reader.Version(), reader.Operation(), true, reader.UInt64(), reader.Bytes())));
        }

        if (!reader.IsAtEnd || format != GrainCommand.Format || verdict is not GrainVerdict.Read)
        {
            throw new RaftException(
                $"Group {group} answered {bytes.Length} bytes of format {format} with verdict {(byte)verdict} to a listing; expected format {GrainCommand.Format}.");
        }

        return new GrainPage(records, isLast);
    }
}
