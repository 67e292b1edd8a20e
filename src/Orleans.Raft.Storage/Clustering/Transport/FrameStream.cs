using System.Buffers.Binary;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>Length-prefixed messages over a stream. One reader and one writer at a time.</summary>
internal sealed class FrameStream(Stream stream)
{
    private const int HeaderBytes = 4;
    private const int FirstChunk = 16 * 1024;

    private readonly byte[] _header = new byte[HeaderBytes];

    /// <summary>
    /// The next message, or null at the end of the stream. Memory grows with what has arrived, not with what was announced.
    /// </summary>
    /// <exception cref="TransportException">The length is not allowed, or the stream ends within a message.</exception>
    public async ValueTask<byte[]?> ReadAsync(int maxBytes, CancellationToken cancellationToken)
    {
        var got = await stream.ReadAtLeastAsync(_header, HeaderBytes, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (got == 0)
        {
            return null;
        }

        var length = got == HeaderBytes ? BinaryPrimitives.ReadUInt32LittleEndian(_header) : 0;
        if (length == 0 || length > maxBytes)
        {
            throw new TransportException(got < HeaderBytes
                ? $"The stream ended after {got} bytes of a length."
                : $"A message of {length} bytes was announced; 1 to {maxBytes} are allowed here.");
        }

        var body = new byte[Math.Min((int)length, FirstChunk)];
        var read = 0;
        while (true)
        {
            var count = await stream.ReadAsync(body.AsMemory(read), cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                throw new TransportException($"The stream ended after {read} of {length} bytes of a message.");
            }

            read += count;
            if (read == length)
            {
                return body;
            }

            if (read == body.Length)
            {
                Array.Resize(ref body, (int)Math.Min(length, 2L * body.Length));
            }
        }
    }

    /// <summary>Writes one message with its length in one piece.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        var framed = new byte[HeaderBytes + message.Length];
        BinaryPrimitives.WriteInt32LittleEndian(framed, message.Length);
        message.Span.CopyTo(framed.AsSpan(HeaderBytes));
        await stream.WriteAsync(framed, cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
    }
}
