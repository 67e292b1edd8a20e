using System.Buffers.Binary;

namespace Orleans.Raft.Storage.Engine;

/// <summary>Head of a segment file: the first 512 bytes.</summary>
internal readonly record struct SegmentHeader(Guid StoreId, long Segment, long FileSize)
{
    public const int Size = BatchHeader.Alignment;

    private const int Used = 56;
    private const uint Magic = 0x3153524F; // "ORS1"

    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), FormatVersion.Current);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), Segment);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), FileSize);
        StoreId.TryWriteBytes(bytes.AsSpan(32));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Crc32C.Of(bytes.AsSpan(8, Used - 8)));
        return bytes;
    }

    /// <summary>Reads a segment's head, or throws what is wrong with it.</summary>
    public static SegmentHeader Read(string path, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Size)
        {
            throw new CorruptionException(path, 0, $"a segment head of {Size} bytes", $"{bytes.Length} bytes");
        }

        var magic = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        var expected = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        var found = Crc32C.Of(bytes[8..Used]);
        if (magic != Magic || expected != found)
        {
            throw new CorruptionException(path, 0, $"a segment head with checksum {found:x8}", $"magic {magic:x8}, checksum {expected:x8}");
        }

        FormatVersion.Check(path, BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]));
        return new SegmentHeader(
            new Guid(bytes[32..48]), BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]));
    }
}

/// <summary>Version of everything in a data directory.</summary>
internal static class FormatVersion
{
    public const int Current = 1;

    public static void Check(string path, int version)
    {
        if (version is < 1 or > Current)
        {
            throw new IOException(
                $"{path}: written in format {version}; this version of Orleans.Raft.Storage reads formats 1 to {Current}. Use the version that wrote it, or a newer one.");
        }
    }
}
