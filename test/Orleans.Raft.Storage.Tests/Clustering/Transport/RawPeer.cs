using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Orleans.Raft.Storage.Clustering;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Tests.Clustering;

/// <summary>The dialing side of the protocol, written a second time, so that it can also be got wrong on purpose.</summary>
internal sealed class RawPeer : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly NetworkStream _stream;

    /// <summary>Connects and says nothing yet.</summary>
    public RawPeer(int port)
    {
        _socket.Connect(IPAddress.Loopback, port);
        _stream = new NetworkStream(_socket);
    }

    public int Protocol { get; init; } = 1;

    public string Secret { get; init; } = "secret";

    public string Cluster { get; init; } = "test";

    public string Expected { get; init; } = "s1";

    /// <summary>The whole handshake; the welcome's refusal, empty when the peer was let in, null when the connection was closed instead.</summary>
    public async Task<string?> GreetAsync()
    {
        if (await ReceiveAsync() is not { } challenge)
        {
            return null;
        }

        var (theirs, mine) = (BytesOf(challenge, 2), RandomNumberGenerator.GetBytes(32));
        var hello = new Fields().Number(1, Protocol).Text(2, Cluster).Text(3, "raw").Text(7, Expected).Bytes(8, mine).ToArray();
        await SendAsync(new Fields().Bytes(1, hello).Bytes(2, Prove(hello, theirs, mine)).ToArray());
        return await ReceiveAsync() is { } welcome ? Encoding.UTF8.GetString(BytesOf(BytesOf(welcome, 1), 9)) : null;
    }

    public async Task SendAsync(byte[] message)
    {
        var framed = new byte[4 + message.Length];
        BinaryPrimitives.WriteInt32LittleEndian(framed, message.Length);
        message.CopyTo(framed, 4);
        await SendRawAsync(framed);
    }

    public async Task SendRawAsync(byte[] bytes)
    {
        try
        {
            await _stream.WriteAsync(bytes);
        }
        catch (IOException)
        {
            // Closed by the other end, which is what this is about.
        }
    }

    /// <summary>Nothing more is sent; what the other end says can still be heard.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>The next message, or null when the other end has closed.</summary>
    public async Task<byte[]?> ReceiveAsync()
    {
        try
        {
            var header = new byte[4];
            await _stream.ReadExactlyAsync(header);
            var body = new byte[BinaryPrimitives.ReadInt32LittleEndian(header)];
            await _stream.ReadExactlyAsync(body);
            return body;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Waits until the other end has closed or the token is; what it sends before is passed over.</summary>
    public async Task WaitForCloseAsync(CancellationToken ending = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ending);
        limit.CancelAfter(Until.Limit);
        var bytes = new byte[4096];
        try
        {
            while (await _stream.ReadAsync(bytes, limit.Token) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Reset: closed as well.
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // Closed from this side.
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    private static byte[] BytesOf(byte[] message, int field)
    {
        var reader = new WireReader(message, "Raw");
        while (reader.Next())
        {
            if (reader.Field == field)
            {
                return reader.Bytes().ToArray();
            }

            reader.Skip();
        }

        return [];
    }

    private byte[] Prove(byte[] content, byte[] serverNonce, byte[] clientNonce)
    {
        var key = SHA256.HashData(Encoding.UTF8.GetBytes("Orleans.Raft clustering 1\n" + Secret));
        byte[] covered = [1, .. serverNonce, .. clientNonce, .. content];
        return HMACSHA256.HashData(key, covered);
    }
}
