using System.Text;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>What the wire layer's field reader lacks for this schema. Throws nothing but <see cref="WireFormatException"/>.</summary>
internal static class FieldReading
{
    /// <summary>Longest name or address, in bytes.</summary>
    public const int MaxTextBytes = 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Content of the current field as text.</summary>
    public static string Text(this ref WireReader reader)
    {
        var bytes = reader.Bytes();
        if (bytes.Length > MaxTextBytes)
        {
            reader.Fail("a text of at most 1024 bytes", $"{bytes.Length} bytes");
        }

        try
        {
            return StrictUtf8.GetString(bytes.Span);
        }
        catch (DecoderFallbackException)
        {
            reader.Fail("text in UTF-8", "other bytes");
            return "";
        }
    }

    /// <summary>Content of the current field as an identity.</summary>
    public static Guid Id(this ref WireReader reader)
    {
        var bytes = reader.Bytes();
        if (bytes.Length != 16)
        {
            reader.Fail("an identity of 16 bytes", $"{bytes.Length} bytes");
        }

        return new Guid(bytes.Span, bigEndian: true);
    }

    /// <summary>Content of the current field as a number that was written by its bits.</summary>
    public static int Signed(this ref WireReader reader)
    {
        var value = reader.Number();
        if (value > uint.MaxValue)
        {
            reader.Fail("a number of 32 bits", "a longer one");
        }

        return unchecked((int)(uint)value);
    }
}
