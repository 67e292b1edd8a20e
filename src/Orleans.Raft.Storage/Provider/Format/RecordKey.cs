using System.Buffers.Binary;
using System.Text;
using Orleans.Runtime;

namespace Orleans.Raft.Storage.Provider;

/// <summary>
/// The bytes under which a grain state is kept: grain type, state name, both with a two-byte length before them, then the grain's key. So keys are unambiguous,
/// and the records of one type and state lie together in the order of the grains' keys, which is the order of an export. Fixed for ever: it is on disk.
/// </summary>
internal static class RecordKey
{
    // Halves of surrogate pairs have no UTF-8; replaced by one and the same character they would make two states one.
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Builds the key.</summary>
    /// <exception cref="ArgumentException">
    /// Grain type, grain key or state name is longer than a two-byte length can say (a longer key would make a command outgrow what was reckoned for it), or the state name is no text.
    /// </exception>
    public static byte[] Create(GrainId grainId, string stateName)
    {
        var type = grainId.Type.AsSpan();
        var state = Utf8.GetByteCount(stateName);
        if (type.Length > ushort.MaxValue || state > ushort.MaxValue || grainId.Key.AsSpan().Length > ushort.MaxValue)
        {
            throw new ArgumentException(
                $"State '{Shortened(stateName)}' of grain {Shortened(grainId.ToString())}: type, key and state name may have {ushort.MaxValue} bytes each; "
                + $"they have {type.Length}, {grainId.Key.AsSpan().Length} and {state}.");
        }

        var key = new byte[4 + type.Length + state + grainId.Key.AsSpan().Length];
        var rest = WritePart(key, type);
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)state);
        Utf8.GetBytes(stateName, rest[2..]);
        grainId.Key.AsSpan().CopyTo(rest[(2 + state)..]);
        return key;
    }

    /// <summary>Takes a key apart.</summary>
    public static bool TryParse(ReadOnlySpan<byte> key, out GrainId grainId, out string stateName)
    {
        (grainId, stateName) = (default, string.Empty);
        if (!TryReadPart(ref key, out var type) || !TryReadPart(ref key, out var state))
        {
            return false;
        }

        grainId = GrainId.Create(new GrainType(type.ToArray()), new IdSpan(key.ToArray()));
        stateName = Encoding.UTF8.GetString(state);
        return true;
    }

    private static string Shortened(string text) => text.Length <= 100 ? text : $"{text.AsSpan(0, 100)}…";

    private static Span<byte> WritePart(Span<byte> destination, ReadOnlySpan<byte> part)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)part.Length);
        part.CopyTo(destination[2..]);
        return destination[(2 + part.Length)..];
    }

    private static bool TryReadPart(ref ReadOnlySpan<byte> source, out ReadOnlySpan<byte> part)
    {
        part = default;
        if (source.Length < 2 || source.Length - 2 < BinaryPrimitives.ReadUInt16BigEndian(source))
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt16BigEndian(source);
        part = source.Slice(2, length);
        source = source[(2 + length)..];
        return true;
    }
}
