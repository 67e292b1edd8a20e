namespace Orleans.Raft.Storage.Engine;

/// <summary>Bytes of records that operations take: known before they are queued, so that the writer knows what fits.</summary>
internal static class RecordSizes
{
    public static int Of(WriteBatch batch)
    {
        var bytes = 0;
        foreach (ref readonly var operation in batch.Span)
        {
            bytes += Of(in operation);
        }

        return bytes;
    }

    public static int Of(in LogOperation operation) => operation.Kind switch
    {
        LogOperationKind.Append => OfEntries(in operation),
        LogOperationKind.HardState => RecordHeader.Size + RecordPayload.VoteSize,
        LogOperationKind.ConfState => RecordHeader.Size + RecordPayload.SizeOf(operation.ConfState!),
        LogOperationKind.Reset => RecordHeader.Size + RecordPayload.SizeOfReset(operation.ConfState!),
        LogOperationKind.Compact => RecordHeader.Size,
        LogOperationKind.RemoveGroup => RecordHeader.Size + RecordPayload.SizeOf(operation.Log.Group),
        LogOperationKind.Metadata => RecordHeader.Size + operation.Data.Length,
    };

    private static int OfEntries(in LogOperation operation)
    {
        var entries = operation.Entries!;
        var bytes = 0;
        for (var i = 0; i < entries.Count; i++)
        {
            bytes += RecordHeader.Size + entries[i].Data.Length;
        }

        return bytes;
    }
}
