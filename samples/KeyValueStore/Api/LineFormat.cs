using System.Buffers;

namespace KeyValueStore;

/// <summary>Lines of <c>key TAB value</c>; tab, line feed and backslash within are written <c>\t</c>, <c>\n</c>, <c>\\</c>. Every other byte stands for itself.</summary>
internal static class LineFormat
{
    private static readonly SearchValues<byte> Special = SearchValues.Create("\t\n\\"u8);

    /// <summary>Writes bytes escaped.</summary>
    public static void Escape(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        while (bytes.IndexOfAny(Special) is var at and >= 0)
        {
            output.Write(bytes[..at]);
            output.Write(bytes[at] switch { (byte)'\t' => "\\t"u8, (byte)'\n' => "\\n"u8, _ => "\\\\"u8 });
            bytes = bytes[(at + 1)..];
        }

        output.Write(bytes);
    }

    /// <summary>Takes a line apart; the error says what is wrong with it.</summary>
    public static string? TryParse(ReadOnlySpan<byte> line, out byte[] key, out byte[] value)
    {
        (key, value) = ([], []);
        var tab = line.IndexOf((byte)'\t');
        if (tab < 0)
        {
            return "no tab between key and value";
        }

        if (Unescape(line[..tab]) is not { } unescapedKey || Unescape(line[(tab + 1)..]) is not { } unescapedValue)
        {
            return "a backslash or tab that is not written as \\\\ or \\t";
        }

        (key, value) = (unescapedKey, unescapedValue);
        return key.Length is 0 or > KeyCodec.MaxKeyBytes ? $"a key of {key.Length} bytes; 1 to {KeyCodec.MaxKeyBytes} are allowed"
            : value.Length > HttpApi.MaxValueBytes ? $"a value of {value.Length} bytes; up to {HttpApi.MaxValueBytes} are allowed"
            : null;
    }

    private static byte[]? Unescape(ReadOnlySpan<byte> bytes)
    {
        var result = new byte[bytes.Length];
        var length = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            var value = bytes[i];
            if (value == '\\')
            {
                i++;
                value = i == bytes.Length ? (byte)0 : bytes[i] switch { (byte)'t' => (byte)'\t', (byte)'n' => (byte)'\n', (byte)'\\' => (byte)'\\', _ => (byte)0 };
                if (value == 0)
                {
                    return null;
                }
            }
            else if (value == '\t')
            {
                return null;
            }

            result[length++] = value;
        }

        return result[..length];
    }
}
