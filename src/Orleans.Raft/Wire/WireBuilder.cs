using System.Buffers;
using System.Text;

namespace Orleans.Raft.Wire;

/// <summary>Builds a small protocol buffers message without measuring it first. Values of 0 and empty ones are left out.</summary>
internal sealed class WireBuilder
{
    private readonly ArrayBufferWriter<byte> _buffer = new(128);

    /// <summary>Adds a number.</summary>
    public WireBuilder Number(int field, long value)
    {
        if (value != 0)
        {
            var size = WireWriter.NumberFieldSize(value);
            new WireWriter(_buffer.GetSpan(size)[..size]).Number(field, value);
            _buffer.Advance(size);
        }

        return this;
    }

    /// <summary>Adds bytes or a nested message.</summary>
    public WireBuilder Bytes(int field, ReadOnlySpan<byte> value)
    {
        if (value.Length > 0)
        {
            Nested(field, value);
        }

        return this;
    }

    /// <summary>Adds a nested message, also when it is empty.</summary>
    public WireBuilder Nested(int field, ReadOnlySpan<byte> value)
    {
        var size = WireWriter.BytesFieldSize(value.Length);
        new WireWriter(_buffer.GetSpan(size)[..size]).Bytes(field, value);
        _buffer.Advance(size);
        return this;
    }

    /// <summary>Adds text.</summary>
    public WireBuilder Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    /// <summary>Adds 16 bytes.</summary>
    public WireBuilder Identity(int field, Guid value) => value == default ? this : Bytes(field, value.ToByteArray(bigEndian: true));

    /// <summary>The message.</summary>
    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();
}
