using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>
/// Writes protocol buffers fields of <c>clustering.proto</c>, leaving out what is 0 or empty. Small messages only: nested ones are
/// encoded first and copied in. Reading is done with the wire layer's field reader.
/// </summary>
internal sealed class Fields
{
    private readonly ArrayBufferWriter<byte> _output = new(128);

    /// <summary>What was written so far.</summary>
    public ReadOnlySpan<byte> Span => _output.WrittenSpan;

    /// <summary>A copy of what was written.</summary>
    public byte[] ToArray() => _output.WrittenSpan.ToArray();

    /// <summary>A number of 0 or more.</summary>
    public Fields Number(int field, long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        if (value != 0)
        {
            Varint((ulong)field << 3);
            Varint((ulong)value);
        }

        return this;
    }

    /// <summary>A number that may be negative: its bits, as an unsigned one.</summary>
    public Fields Signed(int field, int value) => Number(field, unchecked((uint)value));

    /// <summary>Truth.</summary>
    public Fields Flag(int field, bool value) => Number(field, value ? 1 : 0);

    /// <summary>Bytes or a nested message; left out when empty unless told otherwise.</summary>
    public Fields Bytes(int field, ReadOnlySpan<byte> value, bool always = false)
    {
        if (value.Length > 0 || always)
        {
            Varint(((ulong)field << 3) | 2);
            Varint((ulong)value.Length);
            _output.Write(value);
        }

        return this;
    }

    /// <summary>Text.</summary>
    public Fields Text(int field, string? value) =>
        string.IsNullOrEmpty(value) ? this : Bytes(field, Encoding.UTF8.GetBytes(value));

    /// <summary>An identity of 16 bytes.</summary>
    public Fields Id(int field, Guid value)
    {
        if (value == Guid.Empty)
        {
            return this;
        }

        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        return Bytes(field, bytes);
    }

    private void Varint(ulong value)
    {
        var span = _output.GetSpan(10);
        var written = 0;
        while (value >= 0x80)
        {
            span[written++] = (byte)((value & 0x7f) | 0x80);
            value >>= 7;
        }

        span[written++] = (byte)value;
        _output.Advance(written);
    }
}
