using System.Buffers.Binary;
using System.Text;

namespace Orleans.Raft.Storage.Engine;

/// <summary>Frame of the small files beside the log: magic, checksum, format version, length, then the content. Any changed bit is found.</summary>
internal static class SealedFile
{
    private const int HeadSize = 16;

    public static byte[] Seal(uint magic, Action<BinaryWriter> write)
    {
        using var stream = new MemoryStream();
        stream.SetLength(HeadSize);
        stream.Position = HeadSize;
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true))
        {
            write(writer);
        }

        var bytes = stream.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, magic);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), FormatVersion.Current);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), bytes.Length - HeadSize);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Crc32C.Of(bytes.AsSpan(8)));
        return bytes;
    }

    public static BinaryReader Open(string path, uint magic, byte[] bytes)
    {
        if (bytes.Length < HeadSize)
        {
            throw new CorruptionException(path, 0, $"at least {HeadSize} bytes", $"{bytes.Length} bytes");
        }

        var foundMagic = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        var expected = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(4));
        var found = Crc32C.Of(bytes.AsSpan(8));
        if (foundMagic != magic || expected != found)
        {
            throw new CorruptionException(path, 0, $"magic {magic:x8} and checksum {found:x8}", $"magic {foundMagic:x8} and checksum {expected:x8}");
        }

        FormatVersion.Check(path, BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8)));
        return new BinaryReader(new MemoryStream(bytes, HeadSize, bytes.Length - HeadSize), Encoding.UTF8);
    }
}
