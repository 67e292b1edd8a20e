namespace Orleans.Raft.Storage.Engine;

/// <summary>Bytes of records that operations take: known before they are queued, so that the writer knows what fits.</summary>
internal static class RecordSizes
{
    /// <summary>No write is larger: its payloads' lengths must fit their record heads, and a segment is made that holds it.</summary>
    public const long Most = RecordHeader.MaxPayload;

    public static long Of(WriteBatch batch)
    {
        var bytes = 0L;
        foreach (ref readonly var operation in batch.Span)
        {
            bytes += Of(in operation);
        }

        return bytes;
    }

    /// <summary>Refusal of a write that is too large, or null.</summary>
    public static InvalidOperationException? Check(WriteBatch batch, long bytes) => bytes <= Most
        ? null
        : new InvalidOperationException(
            $"{batch.Span[0].Log.Group}: a write of {bytes} bytes; the log takes at most {Most} in one. Nothing was written. Write smaller entries, or fewer at once.");

    public static long Of(in LogOperation operation) => operation.Kind switch
    {
        LogOperationKind.Append => OfEntries(in operation),
        LogOperationKind.HardState => RecordHeader.Size + RecordPayload.VoteSize,
        LogOperationKind.ConfState => RecordHeader.Size + RecordPayload.SizeOf(operation.ConfState!),
        LogOperationKind.Reset => RecordHeader.Size + RecordPayload.SizeOfReset(operation.ConfState!),
        LogOperationKind.Compact => RecordHeader.Size,
        LogOperationKind.RemoveGroup => RecordHeader.Size + RecordPayload.SizeOf(operation.Log.Group),
        LogOperationKind.Metadata => RecordHeader.Size + operation.Data.Length,
    };

    private static long OfEntries(in LogOperation operation)
    {
        var entries = operation.Entries!;
        var bytes = 0L;
        for (var i = 0; i < entries.Count; i++)
        {
            bytes += RecordHeader.Size + entries[i].Data.Length;
        }

        return bytes;
    }
}
