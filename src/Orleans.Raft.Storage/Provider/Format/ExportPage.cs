using Orleans.Raft.Hosting;

namespace Orleans.Raft.Storage.Provider;

/// <summary>
/// A page of a group as of one index. Format 1, little-endian: format byte, verdict byte (<see cref="GrainVerdict.Read"/>), view (16), index (8), the key after which the next page
/// begins (4 + n), then a <see cref="GrainPage"/>.
/// </summary>
/// <param name="View">The view that it was read from.</param>
/// <param name="Index">Everything up to this entry is in the view and nothing beyond.</param>
/// <param name="Next">The key after which the next page begins.</param>
/// <param name="Page">The records; there may be none although it is not the last page.</param>
internal sealed record ExportPage(Guid View, long Index, ReadOnlyMemory<byte> Next, GrainPage Page)
{
    // A page of cleared records holds none; the replica must not look at millions of them at a time.
    private const int MaxRows = 4096;
    private const int HeaderSize = 2 + 16 + sizeof(long) + sizeof(int);

    /// <summary>Reads a page of a view; whoever keeps payloads elsewhere fills them in.</summary>
    public static ExportPage Read(HeldView view, in GrainQuery query)
    {
        var records = new List<KeyedRecord>();
        var (after, limit) = (query.Key, query.PageBytes);
        var next = after;
        var isLast = true;
        var rows = 0;
        long bytes = 0;
        view.Scan(RecordRow.KeyOf(after.Span), row =>
        {
            if (!RecordRow.IsRecord(row.Key))
            {
                return false;
            }

            var key = RecordRow.RecordKeyOf(row.Key);
            if (key.Span.SequenceEqual(after.Span))
            {
                return true;
            }

            var record = RecordRow.Decode(row.Value);
            if (rows++ == MaxRows || (record.Exists && records.Count > 0 && bytes + record.Payload.Length > limit))
            {
                isLast = false;
                return false;
            }

            next = key;
            if (record.Exists)
            {
                records.Add(new KeyedRecord(key, record));
                bytes += key.Length + record.Payload.Length;
            }

            return true;
        });
        return new ExportPage(view.Id, view.Index, next, new GrainPage(records, isLast));
    }

    /// <summary>What a query that closes a view is answered.</summary>
    public static ExportPage Closed(Guid view) => new(view, 0, default, new GrainPage([], IsLast: true));

    /// <summary>Encodes the page.</summary>
    public byte[] Encode()
    {
        var page = Page.Encode();
        var bytes = new byte[HeaderSize + Next.Length + page.Length];
        var writer = new ByteWriter(bytes);
        writer.Byte(GrainCommand.Format);
        writer.Byte((byte)GrainVerdict.Read);
        writer.Guid(View);
        writer.UInt64((ulong)Index);
        writer.Bytes(Next.Span);
        writer.Rest(page);
        return bytes;
    }

    /// <summary>Decodes a page; its parts are slices of <paramref name="bytes"/>.</summary>
    /// <exception cref="RaftException">It is not one.</exception>
    public static ExportPage Decode(RaftGroupId group, ReadOnlyMemory<byte> bytes)
    {
        var reader = new ByteReader(bytes);
        var (format, verdict) = (reader.Byte(), (GrainVerdict)reader.Byte());
        var (view, index, next) = (reader.Guid(), (long)reader.UInt64(), reader.Bytes());
        var rest = reader.Rest();
        return reader.IsAtEnd && format == GrainCommand.Format && verdict is GrainVerdict.Read
            ? new ExportPage(view, index, next, GrainPage.Decode(group, rest))
            : throw new RaftException(
                $"Group {group} answered {bytes.Length} bytes of format {format} with verdict {(byte)verdict} to an export; expected format {GrainCommand.Format}. "
                + "Do all silos run the same release?");
    }
}
