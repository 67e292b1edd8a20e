namespace Orleans.Raft.Storage.Provider;

/// <summary>A group's verdict on a command or query.</summary>
internal enum GrainVerdict : byte
{
    /// <summary>The state was written; the record is the new one.</summary>
    Written = 1,

    /// <summary>The state was cleared; the record, if any, is the tombstone.</summary>
    Cleared = 2,

    /// <summary>The expectation did not hold; the record, if any, is the stored one. Nothing changed.</summary>
    Conflict = 3,

    /// <summary>The bytes are no command or query that this format knows. Nothing changed.</summary>
    Malformed = 4,

    /// <summary>Answer to a read: the record, if any.</summary>
    Read = 5,

    /// <summary>The group does not own the slot, or its provider has another number of groups than the sender thinks. Nothing changed.</summary>
    NotOwned = 6,
}

/// <summary>
/// The answer to a command or to a query for one record. Format 1, little-endian: format byte, verdict byte, flags byte (bit 0 a record follows, bit 1 it exists),
/// number of groups (2, 0 while it is not fixed), then of the record version (20), operation (16), and for a read checksum (8) and payload.
/// </summary>
/// <param name="Verdict">What was decided.</param>
/// <param name="Groups">Number of groups of the provider, as the answering group knows it.</param>
/// <param name="Record">The record that the verdict speaks of; its payload only for a read.</param>
internal readonly record struct GrainAnswer(GrainVerdict Verdict, ushort Groups, GrainRecord? Record)
{
    private const byte RecordFlag = 1;
    private const byte ExistsFlag = 2;
    private const int HeaderSize = 3 + sizeof(ushort);

    /// <summary>Encodes the answer.</summary>
    public byte[] Encode()
    {
        var withPayload = Verdict is GrainVerdict.Read;
        var bytes = new byte[HeaderSize + (Record is { } sized
            ? RecordVersion.Size + OperationId.Size + (withPayload ? sizeof(ulong) + sized.Payload.Length : 0)
            : 0)];
        var writer = new ByteWriter(bytes);
        writer.Byte(GrainCommand.Format);
        writer.Byte((byte)Verdict);
        writer.Byte((byte)(Record is null ? 0 : RecordFlag | (Record.Value.Exists ? ExistsFlag : 0)));
        writer.UInt16(Groups);
        if (Record is { } record)
        {
            writer.Version(record.Version);
            writer.Operation(record.Operation);
            if (withPayload)
            {
                writer.UInt64(record.Checksum);
                writer.Rest(record.Payload.Span);
            }
        }

        return bytes;
    }

    /// <summary>Decodes an answer; the payload is a slice of <paramref name="bytes"/>.</summary>
    /// <exception cref="RaftException">It is not one: the answering silo runs something else.</exception>
    public static GrainAnswer Decode(RaftGroupId group, ReadOnlyMemory<byte> bytes)
    {
        var reader = new ByteReader(bytes);
        var format = reader.Byte();
        var verdict = (GrainVerdict)reader.Byte();
        var flags = reader.Byte();
        var groups = reader.UInt16();
        GrainRecord? record = null;
        if ((flags & RecordFlag) != 0)
        {
            var (version, operation) = (reader.Version(), reader.Operation());
            var isRead = verdict is GrainVerdict.Read;
            record = new GrainRecord(version, operation, (flags & ExistsFlag) != 0, isRead ? reader.UInt64() : 0, isRead ? reader.Rest() : default);
        }

        if (!reader.IsAtEnd || format != GrainCommand.Format || verdict is < GrainVerdict.Written or > GrainVerdict.NotOwned)
        {
            throw new RaftException(
                $"Group {group} answered {bytes.Length} bytes of format {format} with verdict {(byte)verdict}; expected format {GrainCommand.Format}. "
                + "Is the group's state machine the storage provider's, and of the same release?");
        }

        return new GrainAnswer(verdict, groups, record);
    }
}
