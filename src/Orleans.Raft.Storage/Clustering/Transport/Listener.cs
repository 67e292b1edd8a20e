using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>Accepts connections to a voter. Strangers are few at a time, and short.</summary>
internal sealed partial class Listener : IAsyncDisposable
{
    private static readonly string NoRoom = $"It had not finished the handshake when {TransportLimits.MaxStrangers} newer ones had not, either.";

    private readonly Handshake _handshake;
    private readonly ITransportHandler _handler;
    private readonly SslServerAuthenticationOptions? _tls;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<Task, byte> _connections = new();
    private readonly StrangerList _strangers = new();
    private Socket? _socket;
    private Task _accepting = Task.CompletedTask;

    public Listener(Handshake handshake, ITransportHandler handler, SslServerAuthenticationOptions? tls, TimeProvider time, ILogger logger)
    {
        _handshake = handshake;
        _handler = handler;
        _tls = tls;
        _time = time;
        _logger = logger;
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_socket!.LocalEndPoint!;

    /// <summary>Connections that are open.</summary>
    public int ConnectionCount => _connections.Count;

    /// <summary>Starts to listen.</summary>
    /// <exception cref="SocketException">The address cannot be had.</exception>
    public void Start(IPEndPoint address)
    {
        _socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _socket.Bind(address);
        _socket.Listen(128);
        _accepting = Task.Run(AcceptAsync);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        _socket?.Dispose();
        await _accepting.ConfigureAwait(false);
        await Task.WhenAll(_connections.Keys).ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            Socket accepted;
            try
            {
                accepted = await _socket!.AcceptAsync(_stopping.Token).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException failure)
            {
                // The peer was gone before it was accepted, or descriptors are used up: neither ends the listener.
                LogNotAccepted(failure.Message);
                await Task.Delay(TransportLimits.FirstBackOff, _time, CancellationToken.None).ConfigureAwait(false);
                continue;
            }

            if (_connections.Count >= TransportLimits.MaxConnections)
            {
                LogTooMany(_connections.Count);
                accepted.Dispose();
                continue;
            }

            var stranger = _strangers.Add(accepted);
            var serving = Task.Run(() => ServeAsync(accepted, stranger));
            _connections.TryAdd(serving, 0);
            _ = serving.ContinueWith(done => _connections.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private async Task ServeAsync(Socket accepted, LinkedListNode<Socket> stranger)
    {
        EndPoint? remote = null;
        PeerIdentity? peer = null;
        var hadRoom = true;
        try
        {
            remote = accepted.RemoteEndPoint;
            accepted.NoDelay = true;
            await using var stream = new NetworkStream(accepted, ownsSocket: true);
            await using var secured = await SecureAsync(stream).ConfigureAwait(false);
            using var connection = new ServerConnection(secured, _handshake, _handler, _time);
            await connection.GreetAsync(_stopping.Token).ConfigureAwait(false);
            hadRoom = _strangers.Remove(stranger);
            peer = connection.Peer;
            await connection.ServeAsync(_stopping.Token).ConfigureAwait(false);
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            // Closed from this side; nobody needs to read about it.
        }
        catch (Exception failure)
        {
            // Of any kind: certificates are judged by code that is not ours, and what closes a connection is worth its line.
            hadRoom &= peer is not null || _strangers.Remove(stranger);
            LogClosed(remote, peer?.ToString() ?? "a stranger", hadRoom ? failure.Message : NoRoom);
        }
        finally
        {
            accepted.Dispose();
            _strangers.Remove(stranger);
        }
    }

    private async ValueTask<Stream> SecureAsync(NetworkStream stream)
    {
        if (_tls is null)
        {
            return stream;
        }

        using var deadline = new CancellationTokenSource(TransportLimits.HandshakeTime, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _stopping.Token);
        var secured = new SslStream(stream, leaveInnerStreamOpen: true);
        try
        {
            await secured.AuthenticateAsServerAsync(_tls, either.Token).ConfigureAwait(false);
            return secured;
        }
        catch
        {
            await secured.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Clustering connection from {Remote} ({Peer}) was closed: {Reason}")]
    private partial void LogClosed(EndPoint? remote, string peer, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Clustering connection was not accepted: {Reason}")]
    private partial void LogNotAccepted(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Clustering connection was closed at once: {Connections} are open.")]
    private partial void LogTooMany(int connections);
}
