using System.Buffers.Binary;

namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// Looks at RocksDB's manifest before RocksDB does. A record that calls itself recycled, which in a manifest only a flipped bit can bring about, is read by
/// RocksDB again and again, and the opening never ends. Everything else is left to RocksDB's own checks. The format is that of its write-ahead log:
/// blocks of 32 KiB; checksum, length, type, payload (https://github.com/facebook/rocksdb/wiki/Write-Ahead-Log-File-Format).
/// </summary>
internal static class RocksManifest
{
    private const int BlockSize = 32 * 1024;
    private const int HeaderSize = 7;
    private const int TypeAt = 6;

    /// <summary>Refuses the manifest that a database names if reading it would not end.</summary>
    /// <exception cref="CorruptionException">A record is of a kind that no manifest has.</exception>
    public static void Check(string path)
    {
        var current = Path.Combine(path, "CURRENT");
        if (!File.Exists(current) || Path.Combine(path, File.ReadAllText(current).Trim()) is var manifest && !File.Exists(manifest))
        {
            return;
        }

        ReadOnlySpan<byte> bytes = File.ReadAllBytes(manifest);
        for (var at = 0; at + HeaderSize <= bytes.Length;)
        {
            var left = BlockSize - (at % BlockSize);
            if (left < HeaderSize)
            {
                at += left;
                continue;
            }

            var length = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(at + 4)..]);
            var type = bytes[at + TypeAt];
            if (type is >= 5 and <= 8 or 11)
            {
                throw new CorruptionException(manifest, at + TypeAt, "a record of type 1 to 4", $"type {type}");
            }

            var end = at + HeaderSize + length;
            if (HeaderSize + length > left || end > bytes.Length || !IsIntact(bytes[at..end]))
            {
                // Damaged, or torn by a crash: RocksDB tells these apart.
                return;
            }

            at = end;
        }
    }

    // RocksDB masks its checksums, since it stores them beside what they cover.
    private static bool IsIntact(ReadOnlySpan<byte> record)
    {
        var sum = Crc32C.Of(record[TypeAt..]);
        return BinaryPrimitives.ReadUInt32LittleEndian(record) == unchecked(((sum >> 15) | (sum << 17)) + 0xa282ead8);
    }
}
