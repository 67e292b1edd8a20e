namespace Orleans.Raft.Storage.Provider;

/// <summary>What a query asks for.</summary>
internal enum GrainQueryKind : byte
{
    /// <summary>One record.</summary>
    Get = 1,

    /// <summary>Existing records in the order of their keys, one page.</summary>
    List = 2,

    /// <summary>Existing records in the order of their keys as of one index, one page: of a view that stays open from page to page.</summary>
    Export = 3,
}

/// <summary>
/// A query. Format 1, little-endian: format byte, kind byte; for one record slot (2), groups (2) and key; for a page its limit in bytes (4), for one of an export its view (16), and the
/// key after which it begins (empty: the first).
/// </summary>
/// <param name="Kind">What it asks for.</param>
/// <param name="Slot">Slot of the key; only for one record.</param>
/// <param name="Groups">Number of groups by which the sender found this one; only for one record.</param>
/// <param name="PageBytes">Bytes of payload after which a page ends; it holds one record at least. None closes the view.</param>
/// <param name="Key">The record's key, or the key after which the page begins.</param>
/// <param name="View">The view of an export; none opens one.</param>
internal readonly record struct GrainQuery(GrainQueryKind Kind, ushort Slot, ushort Groups, int PageBytes, ReadOnlyMemory<byte> Key, Guid View = default)
{
    private const int ViewSize = 16;

    /// <summary>Asks for one record.</summary>
    public static GrainQuery Get(ushort slot, ushort groups, ReadOnlyMemory<byte> key) => new(GrainQueryKind.Get, slot, groups, 0, key);

    /// <summary>Asks for the page after a key.</summary>
    public static GrainQuery List(ReadOnlyMemory<byte> after, int pageBytes) => new(GrainQueryKind.List, 0, 0, pageBytes, after);

    /// <summary>Asks for the page after a key in a view, or to close that.</summary>
    public static GrainQuery Export(Guid view, ReadOnlyMemory<byte> after, int pageBytes) => new(GrainQueryKind.Export, 0, 0, pageBytes, after, view);

    /// <summary>Encodes the query.</summary>
    public byte[] Encode()
    {
        var size = Kind switch
        {
            GrainQueryKind.Get => 2 * sizeof(ushort),
            GrainQueryKind.List => sizeof(int),
            GrainQueryKind.Export => sizeof(int) + ViewSize,
        };
        var bytes = new byte[2 + size + Key.Length];
        var writer = new ByteWriter(bytes);
        writer.Byte(GrainCommand.Format);
        writer.Byte((byte)Kind);
        if (Kind is GrainQueryKind.Get)
        {
            writer.UInt16(Slot);
            writer.UInt16(Groups);
        }
        else
        {
            writer.Int32(PageBytes);
        }

        if (Kind is GrainQueryKind.Export)
        {
            writer.Guid(View);
        }

        writer.Rest(Key.Span);
        return bytes;
    }

    /// <summary>Decodes a query; false if it is not one of format 1.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, out GrainQuery query)
    {
        var reader = new ByteReader(bytes);
        var format = reader.Byte();
        var kind = (GrainQueryKind)reader.Byte();
        var (slot, groups) = kind is GrainQueryKind.Get ? (reader.UInt16(), reader.UInt16()) : ((ushort)0, (ushort)0);
        var pageBytes = kind is GrainQueryKind.List or GrainQueryKind.Export ? reader.Int32() : 0;
        var view = kind is GrainQueryKind.Export ? reader.Guid() : default;
        query = new GrainQuery(kind, slot, groups, pageBytes, reader.Rest(), view);
        return reader.IsAtEnd && format == GrainCommand.Format && kind is >= GrainQueryKind.Get and <= GrainQueryKind.Export
            && slot < GrainSlot.Count && pageBytes >= 0;
    }
}
