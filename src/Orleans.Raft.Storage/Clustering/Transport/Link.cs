using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>
/// This process's connection to one voter: dials, dials again, never gives up. A connection is one pair of lives; nothing
/// that waited on one is sent on the next (SAFETY-RULES A8).
/// </summary>
internal sealed partial class Link : ITableServer, IAsyncDisposable
{
    private readonly Handshake _handshake;
    private readonly Func<string, IReadOnlyList<string>> _addresses;
    private readonly SslClientAuthenticationOptions? _tls;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private TaskCompletionSource<ClientConnection> _connecting = NewAttempt();
    private Task _running = Task.CompletedTask;
    private volatile TaskCompletionSource _hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isTrouble;

    /// <summary>Creates a link that does nothing yet.</summary>
    /// <param name="name">The voter that must answer.</param>
    /// <param name="handshake">What this process says of itself.</param>
    /// <param name="addresses">Where to look for it, as <c>host:port</c>; asked before each dialing.</param>
    /// <param name="tls">For TLS, or none.</param>
    /// <param name="time">For waits.</param>
    /// <param name="logger">For what goes wrong, once per trouble.</param>
    public Link(
        string name,
        Handshake handshake,
        Func<string, IReadOnlyList<string>> addresses,
        SslClientAuthenticationOptions? tls,
        TimeProvider time,
        ILogger logger)
    {
        Name = name;
        _handshake = handshake;
        _addresses = addresses;
        _tls = tls;
        _time = time;
        _logger = logger;
    }

    /// <summary>Raised when a connection stands, and when it has ended; never two at a time.</summary>
    public event Action<Link>? Changed;

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Who answers, while a connection stands.</summary>
    public PeerIdentity? Peer => Current?.Peer;

    /// <summary>Why it could not be reached the last time; empty while a connection stands.</summary>
    public string Trouble { get; private set; } = "not dialed yet";

    /// <summary>Why the lists of voters of both ends can't both be meant; null while that is not so.</summary>
    public string? Difference { get; private set; }

    private ClientConnection? Current
    {
        get
        {
            lock (_lock)
            {
                return _connecting.Task.IsCompletedSuccessfully ? _connecting.Task.Result : null;
            }
        }
    }

    /// <summary>Starts to dial.</summary>
    public void Start() => _running = Task.Run(RunAsync);

    /// <summary>The voter has just been heard of: if it isn't connected it is dialed at once.</summary>
    public void Hurry() => _hurry.TrySetResult();

    /// <summary>Sends a message of the group if a connection stands; else it is lost, as on any network.</summary>
    public bool TrySendRaft(ReadOnlyMemory<byte> body) => Current?.TrySend(new Frame(FrameKind.Message, 0, body)) ?? false;

    /// <inheritdoc/>
    public async Task<Answer> AskAsync(FrameKind kind, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        Task<ClientConnection> connecting;
        lock (_lock)
        {
            connecting = _connecting.Task;
        }

        var connection = await connecting.WaitAsync(cancellationToken).ConfigureAwait(false);
        return await connection.AskAsync(kind, body, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        Fail("The link is closed.");
        _stopping.Dispose();
    }

    private static TaskCompletionSource<ClientConnection> NewAttempt()
    {
        var attempt = new TaskCompletionSource<ClientConnection>(TaskCreationOptions.RunContinuationsAsynchronously);

        // Nobody may be waiting when it fails.
        _ = attempt.Task.ContinueWith(
            static failed => _ = failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return attempt;
    }

    private async Task RunAsync()
    {
        var backOff = TransportLimits.FirstBackOff;
        while (!_stopping.IsCancellationRequested)
        {
            _hurry = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (await ConnectAnyAsync().ConfigureAwait(false))
            {
                backOff = TransportLimits.FirstBackOff;
            }

            // A random part keeps voters that restart together from dialing in step.
            var pause = Task.Delay(backOff * (0.5 + Random.Shared.NextDouble()), _time, _stopping.Token);
            await Task.WhenAny(pause, _hurry.Task).ConfigureAwait(false);
            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            backOff = backOff * 2 < TransportLimits.MaxBackOff ? backOff * 2 : TransportLimits.MaxBackOff;
            lock (_lock)
            {
                _connecting = NewAttempt();
            }
        }
    }

    /// <summary>Tries the addresses in turn; stays until the connection has ended. False when there was none.</summary>
    private async Task<bool> ConnectAnyAsync()
    {
        var troubles = new List<string>();
        string? difference = null;
        var stood = false;
        foreach (var address in _addresses(Name))
        {
            try
            {
                await ConnectAsync(address, () => stood = true).ConfigureAwait(false);
                troubles.Add($"{address}: the connection was closed.");
            }
            catch (Exception) when (_stopping.IsCancellationRequested)
            {
                Fail("The link is closed.");
                return false;
            }
            catch (Exception failure)
            {
                // Of any kind: certificates are judged by code that is not ours, and a link that stopped dialing would be missed by nobody.
                troubles.Add($"{address}: {failure.Message}");
                difference ??= (failure as OtherVotersException)?.Message;
            }

            if (stood)
            {
                break;
            }
        }

        Difference = difference;
        Fail(troubles.Count == 0 ? $"No address of voter {Name} is known." : string.Join("; ", troubles));
        return stood;
    }

    private void Fail(string trouble)
    {
        Trouble = trouble;
        var failed = NewAttempt();
        failed.SetException(new TransportException($"Voter {Name} cannot be reached: {trouble}"));
        TaskCompletionSource<ClientConnection> attempt;
        lock (_lock)
        {
            attempt = _connecting;
            _connecting = failed;
        }

        attempt.TrySetException(new TransportException($"Voter {Name} cannot be reached: {trouble}"));
        if (attempt.Task.IsCompletedSuccessfully)
        {
            Changed?.Invoke(this);
        }

        if (!_isTrouble && !_stopping.IsCancellationRequested)
        {
            _isTrouble = true;
            LogUnreachable(Name, trouble);
        }
    }

    private async Task ConnectAsync(string address, Action stands)
    {
        var colon = address.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            throw new TransportException("That is no host:port.");
        }

        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await WithinAsync(
            TransportLimits.ConnectTime,
            token => socket.ConnectAsync(address[..colon].Trim('[', ']'), port, token).AsTask()).ConfigureAwait(false);
        await using var network = new NetworkStream(socket, ownsSocket: false);
        var stream = await SecureAsync(network, address[..colon]).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            var frames = new FrameStream(stream);
            PeerIdentity? peer = null;
            await WithinAsync(
                TransportLimits.HandshakeTime,
                async token => peer = await _handshake.ConnectAsync(frames, Name, token).ConfigureAwait(false)).ConfigureAwait(false);
            var connection = new ClientConnection(frames, peer!, _time);
            (Trouble, Difference) = ("", null);
            lock (_lock)
            {
                _connecting.TrySetResult(connection);
            }

            stands();
            _isTrouble = false;
            LogConnected(peer!.ToString(), address);
            Changed?.Invoke(this);
            await connection.RunAsync(_stopping.Token).ConfigureAwait(false);
        }
    }

    private async ValueTask<Stream> SecureAsync(NetworkStream network, string host)
    {
        if (_tls is null)
        {
            return network;
        }

        var secured = new SslStream(network, leaveInnerStreamOpen: true);
        try
        {
            var options = new SslClientAuthenticationOptions
            {
                TargetHost = string.IsNullOrEmpty(_tls.TargetHost) ? host : _tls.TargetHost,
                ClientCertificates = _tls.ClientCertificates,
                ClientCertificateContext = _tls.ClientCertificateContext,
                CipherSuitesPolicy = _tls.CipherSuitesPolicy,
                RemoteCertificateValidationCallback = _tls.RemoteCertificateValidationCallback,
                LocalCertificateSelectionCallback = _tls.LocalCertificateSelectionCallback,
                EnabledSslProtocols = _tls.EnabledSslProtocols,
                CertificateRevocationCheckMode = _tls.CertificateRevocationCheckMode,
                CertificateChainPolicy = _tls.CertificateChainPolicy,
            };
            await WithinAsync(TransportLimits.HandshakeTime, token => secured.AuthenticateAsClientAsync(options, token)).ConfigureAwait(false);
            return secured;
        }
        catch
        {
            await secured.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task WithinAsync(TimeSpan time, Func<CancellationToken, Task> work)
    {
        using var deadline = new CancellationTokenSource(time, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _stopping.Token);
        try
        {
            await work(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            throw new TransportException($"It took longer than {time.TotalSeconds} s.");
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Clustering voter {Peer} is connected at {Address}.")]
    private partial void LogConnected(string peer, string address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Clustering voter {Voter} cannot be reached, trying on: {Trouble}")]
    private partial void LogUnreachable(string voter, string trouble);
}
