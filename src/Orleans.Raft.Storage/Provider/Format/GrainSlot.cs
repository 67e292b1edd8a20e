using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Orleans.Runtime;

namespace Orleans.Raft.Storage.Provider;

/// <summary>
/// The slot of a grain state: XXH64 (seed 0) over service id, provider name, grain type, grain key and state name, each as UTF-8 or raw bytes after its length as four
/// little-endian bytes; the slot is the low 12 bits. Golden-tested; a change would make every stored state disappear.
/// </summary>
internal static class GrainSlot
{
    /// <summary>Number of slots, for ever.</summary>
    public const int Count = 4096;

    /// <summary>The slot, 0 to 4,095.</summary>
    public static ushort Of(string serviceId, string providerName, GrainId grainId, string stateName) =>
        (ushort)(Hash(serviceId, providerName, grainId, stateName) % Count);

    /// <summary>The whole hash.</summary>
    public static ulong Hash(string serviceId, string providerName, GrainId grainId, string stateName)
    {
        var hash = new XxHash64();
        Append(hash, serviceId);
        Append(hash, providerName);
        Append(hash, grainId.Type.AsSpan());
        Append(hash, grainId.Key.AsSpan());
        Append(hash, stateName);
        return hash.GetCurrentHashAsUInt64();
    }

    private static void Append(XxHash64 hash, string part)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(part.Length));
        Append(hash, bytes.AsSpan(0, Encoding.UTF8.GetBytes(part, bytes)));
        ArrayPool<byte>.Shared.Return(bytes);
    }

    private static void Append(XxHash64 hash, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, part.Length);
        hash.Append(length);
        hash.Append(part);
    }
}
