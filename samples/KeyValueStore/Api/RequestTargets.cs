using System.Globalization;
using System.Text;

namespace KeyValueStore;

/// <summary>
/// Follows the bytes of an HTTP/1.1 connection just far enough to know which of them are request targets, and replaces <c>%00</c> in those. Where it is not sure what
/// comes next it changes nothing any more; bodies are never touched.
/// </summary>
internal sealed class RequestTargets
{
    private const int MaxLine = 256;

    private readonly StringBuilder _line = new();
    private State _state = State.RequestLine;
    private long _bodyLeft;
    private bool _isChunked;
    private char _beforeLast;
    private char _last;

    private enum State
    {
        RequestLine,
        Headers,
        Body,
        ChunkSize,
        ChunkData,
        Trailers,
        Unsure,
    }

    /// <summary>Takes the next bytes of the connection and translates them in place.</summary>
    public void Translate(Span<byte> bytes)
    {
        for (var i = 0; i < bytes.Length && _state is not State.Unsure; i++)
        {
            if (_state is State.Body or State.ChunkData)
            {
                var skipped = (int)Math.Min(_bodyLeft, bytes.Length - i);
                _bodyLeft -= skipped;
                i += skipped - 1;
                if (_bodyLeft == 0)
                {
                    Begin(_state is State.Body ? State.RequestLine : State.ChunkSize);
                }
            }
            else if (bytes[i] == '\n')
            {
                EndLine(_line.ToString().TrimEnd('\r'));
            }
            else
            {
                bytes[i] = Follow((char)bytes[i]);
            }
        }
    }

    private byte Follow(char value)
    {
        if (_line.Length < MaxLine)
        {
            _line.Append(value);
        }

        var isThird = _state is State.RequestLine && _beforeLast == '%' && _last == '0';
        (_beforeLast, _last) = (_last, value);

        // Who sends the stand-in itself means no key of ours, and gets an escape that is none.
        return (byte)(!isThird ? value : value switch { '0' => NulKeys.Stand, NulKeys.Stand => '!', _ => value });
    }

    private void EndLine(string line)
    {
        switch (_state)
        {
            case State.RequestLine:
                // An empty line before a request is allowed; anything but HTTP/1 is not ours to follow.
                (_bodyLeft, _isChunked) = (0, false);
                Begin(line.StartsWith("PRI ", StringComparison.Ordinal) ? State.Unsure : line.Length == 0 ? State.RequestLine : State.Headers);
                break;
            case State.Headers when line.Length > 0:
                Begin(ReadHeader(line) ? State.Headers : State.Unsure);
                break;
            case State.Headers:
                Begin(_isChunked ? State.ChunkSize : _bodyLeft > 0 ? State.Body : State.RequestLine);
                break;
            case State.ChunkSize:
                var isSize = long.TryParse(line.Split(';')[0].Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var size) && size >= 0;

                // The data is followed by a line break of its own.
                _bodyLeft = size + 2;
                Begin(!isSize ? State.Unsure : size == 0 ? State.Trailers : State.ChunkData);
                break;
            case State.Trailers:
                Begin(line.Length == 0 ? State.RequestLine : State.Trailers);
                break;
        }
    }

    /// <summary>Notes how the body is framed; false if that is not clear.</summary>
    private bool ReadHeader(string line)
    {
        var colon = line.IndexOf(':');
        var (name, value) = colon < 0 ? (line, string.Empty) : (line[..colon], line[(colon + 1)..].Trim());
        if (name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase))
        {
            _isChunked = true;
            return _bodyLeft == 0 && value.Equals("chunked", StringComparison.OrdinalIgnoreCase);
        }

        if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
        {
            return !_isChunked && _bodyLeft == 0 && long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _bodyLeft);
        }

        return !name.Equals("Upgrade", StringComparison.OrdinalIgnoreCase);
    }

    private void Begin(State state)
    {
        _state = state;
        _line.Clear();
        (_beforeLast, _last) = ('\0', '\0');
    }
}
