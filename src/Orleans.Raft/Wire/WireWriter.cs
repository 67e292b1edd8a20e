using System.Numerics;

namespace Orleans.Raft.Wire;

/// <summary>Writes protocol buffers fields into a span that the caller has measured. Fields up to 15 have one-byte tags.</summary>
internal ref struct WireWriter
{
    private readonly Span<byte> _output;

    /// <summary>Starts at the beginning of a span.</summary>
    public WireWriter(Span<byte> output) => _output = output;

    /// <summary>Bytes written so far.</summary>
    public int Written { get; private set; }

    /// <summary>Encoded length of a number.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative: nothing that Raft counts is, and no reader would take it back.</exception>
    public static int NumberSize(long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        // Seven bits a byte; 0 takes one. (bits * 9 + 64) / 64 is that division without dividing.
        return (BitOperations.Log2((ulong)value | 1) * 9 + 73) >> 6;
    }

    /// <summary>Encoded length of a tag and a number.</summary>
    public static int NumberFieldSize(long value) => 1 + NumberSize(value);

    /// <summary>Encoded length of a number under a field number above 15.</summary>
    public static int FarNumberFieldSize(int field, long value) => NumberSize(field << 3) + NumberSize(value);

    /// <summary>Encoded length of a tag, a length and that many bytes.</summary>
    public static int BytesFieldSize(int length) => 1 + NumberSize(length) + length;

    /// <summary>Tag of a number.</summary>
    public static byte NumberTag(int field) => (byte)(field << 3);

    /// <summary>Tag of bytes, text or a nested message.</summary>
    public static byte BytesTag(int field) => (byte)((field << 3) | (int)WireType.Bytes);

    /// <summary>Writes a number, also when it is 0.</summary>
    public void Number(int field, long value)
    {
        _output[Written++] = NumberTag(field);
        Varint(value);
    }

    /// <summary>Writes a number under a field number above 15.</summary>
    public void FarNumber(int field, long value)
    {
        Varint(field << 3);
        Varint(value);
    }

    /// <summary>Writes bytes, also when there are none.</summary>
    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Length(field, value.Length);
        value.CopyTo(_output[Written..]);
        Written += value.Length;
    }

    /// <summary>Writes the head of a field whose content the caller writes next.</summary>
    public void Length(int field, int length)
    {
        _output[Written++] = BytesTag(field);
        Varint(length);
    }

    /// <summary>Gives room for content of a known length.</summary>
    public Span<byte> Reserve(int length)
    {
        var room = _output.Slice(Written, length);
        Written += length;
        return room;
    }

    private void Varint(long value)
    {
        var rest = (ulong)value;
        while (rest >= 0x80)
        {
            _output[Written++] = unchecked((byte)(rest | 0x80));
            rest >>= 7;
        }

        _output[Written++] = (byte)rest;
    }
}
