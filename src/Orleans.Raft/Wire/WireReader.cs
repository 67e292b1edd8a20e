using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Orleans.Raft.Wire;

/// <summary>
/// Reads the fields of one protocol buffers message from untrusted bytes. Payloads are slices of the input. Fields that the
/// schema doesn't know are skipped, so that a later version can add some.
/// </summary>
internal ref struct WireReader
{
    private readonly ReadOnlyMemory<byte> _input;
    private readonly ReadOnlySpan<byte> _span;
    private readonly string _what;
    private int _position;
    private WireType _type;

    /// <summary>Starts at the beginning of a message.</summary>
    /// <param name="input">The whole message and nothing else.</param>
    /// <param name="what">Name of the message, for errors.</param>
    public WireReader(ReadOnlyMemory<byte> input, string what)
    {
        _input = input;
        _span = input.Span;
        _what = what;
    }

    /// <summary>Number of the field that <see cref="Next"/> found.</summary>
    public int Field { get; private set; }

    /// <summary>True when the current field is laid out as bytes.</summary>
    public readonly bool IsBytes => _type is WireType.Bytes;

    /// <summary>True when no byte is left.</summary>
    public readonly bool AtEnd => _position == _span.Length;

    /// <summary>Goes to the next field; its content must then be read or skipped.</summary>
    public bool Next()
    {
        if (AtEnd)
        {
            return false;
        }

        var tag = Varint();
        Field = tag <= uint.MaxValue ? (int)(tag >> 3) : 0;
        _type = (WireType)(tag & 7);
        if (Field == 0 || _type is not (WireType.Varint or WireType.Fixed64 or WireType.Bytes or WireType.Fixed32))
        {
            Fail("a field's tag", string.Create(CultureInfo.InvariantCulture, $"{tag}"));
        }

        return true;
    }

    /// <summary>Content of the current field as a number.</summary>
    public long Number()
    {
        Expect(WireType.Varint);
        return PlainNumber();
    }

    /// <summary>The next number without regard to fields: element of a packed list.</summary>
    public long PlainNumber()
    {
        var value = Varint();
        if (value > long.MaxValue)
        {
            Fail("a number up to 2^63-1", string.Create(CultureInfo.InvariantCulture, $"{value}"));
        }

        return (long)value;
    }

    /// <summary>Content of the current field as a number that must not exceed a limit.</summary>
    public int Number(int max)
    {
        var value = Number();
        if (value > max)
        {
            Fail(string.Create(CultureInfo.InvariantCulture, $"a number up to {max}"), string.Create(CultureInfo.InvariantCulture, $"{value}"));
        }

        return (int)value;
    }

    /// <summary>Content of the current field as truth.</summary>
    public bool Boolean() => Number() != 0;

    /// <summary>Content of the current field as bytes: a slice of the input.</summary>
    public ReadOnlyMemory<byte> Bytes()
    {
        Expect(WireType.Bytes);
        var length = PlainNumber();
        if (length > _span.Length - _position)
        {
            Fail(
                string.Create(CultureInfo.InvariantCulture, $"at most {_span.Length - _position} bytes"),
                string.Create(CultureInfo.InvariantCulture, $"a length of {length}"));
        }

        var bytes = _input.Slice(_position, (int)length);
        _position += (int)length;
        return bytes;
    }

    /// <summary>Content of the current field as 16 bytes.</summary>
    public Guid Identity()
    {
        var bytes = Bytes().Span;
        if (bytes.Length != 16)
        {
            Fail("16 bytes", string.Create(CultureInfo.InvariantCulture, $"{bytes.Length}"));
        }

        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>Passes over the current field's content.</summary>
    public void Skip()
    {
        switch (_type)
        {
            case WireType.Varint:
                Varint();
                break;
            case WireType.Bytes:
                Bytes();
                break;
            case WireType.Fixed64:
                SkipFixed(8);
                break;
            case WireType.Fixed32:
                SkipFixed(4);
                break;
        }
    }

    /// <summary>How often a field occurs in the rest of the message; the reader stays where it is.</summary>
    public readonly int Count(int field)
    {
        var ahead = this;
        var count = 0;
        while (ahead.Next())
        {
            count += ahead.Field == field ? 1 : 0;
            ahead.Skip();
        }

        return count;
    }

    /// <summary>Refuses the message at the current offset.</summary>
    [DoesNotReturn]
    public readonly void Fail(string expected, string found) => throw new WireFormatException(string.Create(
        CultureInfo.InvariantCulture,
        $"{_what}: at offset {_position} of {_span.Length}, field {Field}: expected {expected}, found {found}."));

    private readonly void Expect(WireType type)
    {
        if (_type != type)
        {
            Fail($"layout {type}", $"layout {_type}");
        }
    }

    private void SkipFixed(int length)
    {
        if (length > _span.Length - _position)
        {
            Fail(string.Create(CultureInfo.InvariantCulture, $"{length} more bytes"), "the end");
        }

        _position += length;
    }

    private ulong Varint()
    {
        if ((uint)_position < (uint)_span.Length && _span[_position] < 0x80)
        {
            return _span[_position++];
        }

        return LongVarint();
    }

    private ulong LongVarint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 70; shift += 7)
        {
            if (AtEnd)
            {
                Fail("a number", "the end");
            }

            var b = _span[_position++];
            if (shift == 63 && b > 1)
            {
                break;
            }

            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        Fail("a number of at most 64 bits", "a longer one");
        return 0;
    }
}
