using System.Numerics;
using System.Runtime.InteropServices;

namespace Orleans.Raft.Storage.Engine;

/// <summary>CRC-32C (Castagnoli), the processor's own where there is one.</summary>
internal static class Crc32C
{
    /// <summary>Checksum of bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes) => ~Append(uint.MaxValue, bytes);

    /// <summary>Checksum of two pieces, as if they were one.</summary>
    public static uint Of(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => ~Append(Append(uint.MaxValue, first), second);

    /// <summary>Continues a running (inverted) checksum.</summary>
    public static uint Append(uint running, ReadOnlySpan<byte> bytes)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
        {
            running = BitOperations.Crc32C(running, word);
        }

        foreach (var b in bytes[(words.Length * sizeof(ulong))..])
        {
            running = BitOperations.Crc32C(running, b);
        }

        return running;
    }
}
