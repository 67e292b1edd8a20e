using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// Index of a sealed segment, in a file beside it: head of 32 bytes (magic, checksum of the rest, version, count, segment, store tag), then items. Opening reads it
/// instead of the segment. It is a help, not a truth: one that is missing or damaged is made again from the segment.
/// </summary>
internal static class IndexFile
{
    private const int HeadSize = 32;
    private const uint Magic = 0x3158524F; // "ORX1"

    /// <summary>Writes the index and returns its checksum, never 0.</summary>
    public static uint Write(IFileSystem files, string path, long segment, ulong storeTag, List<IndexItem> items)
    {
        Span<byte> head = stackalloc byte[HeadSize];
        BinaryPrimitives.WriteUInt32LittleEndian(head, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(head[8..], FormatVersion.Current);
        BinaryPrimitives.WriteInt32LittleEndian(head[12..], items.Count);
        BinaryPrimitives.WriteInt64LittleEndian(head[16..], segment);
        BinaryPrimitives.WriteUInt64LittleEndian(head[24..], storeTag);
        var body = MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(items));
        var checksum = Math.Max(1, Crc32C.Of(head[8..], body));
        BinaryPrimitives.WriteUInt32LittleEndian(head[4..], checksum);

        using var file = files.Create(path);
        file.WriteAll(0, head);
        file.WriteAll(HeadSize, body);
        file.SyncData();
        return checksum;
    }

    /// <summary>Reads the index if it is there, whole, and the one that the manifest names.</summary>
    public static IndexItem[]? TryRead(IFileSystem files, string path, long segment, ulong storeTag, uint checksum)
    {
        if (checksum == 0 || !files.FileExists(path))
        {
            return null;
        }

        var bytes = files.ReadAll(path).AsSpan();
        if (bytes.Length < HeadSize || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) != checksum
            || Math.Max(1, Crc32C.Of(bytes[8..])) != checksum
            || BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]) != FormatVersion.Current
            || BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]) != segment
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]) != storeTag
            || BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]) != (bytes.Length - HeadSize) / IndexItem.Size)
        {
            return null;
        }

        return MemoryMarshal.Cast<byte, IndexItem>(bytes[HeadSize..]).ToArray();
    }
}
