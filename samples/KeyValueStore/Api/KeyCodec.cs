using System.Text;

namespace KeyValueStore;

/// <summary>A key is 1 to 512 arbitrary bytes; this is how they stand in a request target and in a grain's key.</summary>
internal static class KeyCodec
{
    public const int MaxKeyBytes = 512;

    private static readonly string NulEscape = "%0" + NulKeys.Stand;

    private const byte LowEscape = (byte)'!';
    private const byte HighEscape = (byte)'~';

    /// <summary>
    /// Unescapes a segment of a raw request target once, byte by byte: <c>a%2Fb</c> is <c>a/b</c>, <c>a%252Fb</c> is <c>a%2Fb</c>. Decoded paths and route values cannot be used,
    /// they interpret slashes, dots and UTF-8. Null if it is no key.
    /// </summary>
    public static byte[]? FromTarget(ReadOnlySpan<char> segment)
    {
        var bytes = new List<byte>(segment.Length);
        for (var i = 0; i < segment.Length; i++)
        {
            if (segment[i] == '%')
            {
                if (segment[i..].StartsWith(NulEscape))
                {
                    bytes.Add(0);
                    i += 2;
                    continue;
                }

                if (i + 2 >= segment.Length || !char.IsAsciiHexDigit(segment[i + 1]) || !char.IsAsciiHexDigit(segment[i + 2]))
                {
                    return null;
                }

                bytes.Add(Convert.FromHexString(segment.Slice(i + 1, 2))[0]);
                i += 2;
            }
            else if (segment[i] is '/' or > '\u00ff')
            {
                return null;
            }
            else
            {
                bytes.Add((byte)segment[i]);
            }
        }

        return bytes.Count is > 0 and <= MaxKeyBytes ? [.. bytes] : null;
    }

    /// <summary>
    /// The grain's key: printable text, different for different bytes, and in the same order, so that an export is sorted by key. Bytes up to '!' become "!XX",
    /// from '~' on "~XX", the others stand for themselves.
    /// </summary>
    public static string ToGrainKey(ReadOnlySpan<byte> key)
    {
        var text = new StringBuilder(key.Length);
        foreach (var value in key)
        {
            if (value is > LowEscape and < HighEscape)
            {
                text.Append((char)value);
            }
            else
            {
                text.Append((char)(value <= LowEscape ? LowEscape : HighEscape)).Append(value.ToString("X2"));
            }
        }

        return text.ToString();
    }

    /// <summary>Back from a grain's key.</summary>
    /// <exception cref="FormatException">It is none of ours.</exception>
    public static byte[] FromGrainKey(string grainKey)
    {
        var bytes = new List<byte>(grainKey.Length);
        for (var i = 0; i < grainKey.Length; i++)
        {
            if (grainKey[i] is (char)LowEscape or (char)HighEscape)
            {
                bytes.Add(Convert.FromHexString(grainKey.AsSpan(i + 1, 2))[0]);
                i += 2;
            }
            else
            {
                bytes.Add((byte)grainKey[i]);
            }
        }

        return [.. bytes];
    }
}
