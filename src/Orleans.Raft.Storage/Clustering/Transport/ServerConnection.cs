using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>
/// One accepted connection: handshake, then frames until it ends. Whatever arrives, it costs bounded memory and time and ends
/// with one exception, whose message is the one log line.
/// </summary>
internal sealed class ServerConnection : IDisposable
{
    private readonly FrameStream _stream;
    private readonly Handshake _handshake;
    private readonly ITransportHandler _handler;
    private readonly TimeProvider _time;
    private readonly FrameSender _sender;
    private readonly SemaphoreSlim _requests = new(TransportLimits.MaxRequestsPerConnection);

    public ServerConnection(Stream stream, Handshake handshake, ITransportHandler handler, TimeProvider time)
    {
        _stream = new FrameStream(stream);
        _handshake = handshake;
        _handler = handler;
        _time = time;
        _sender = new FrameSender(_stream, time);
    }

    /// <summary>Who is at the other end, once it has proved it.</summary>
    public PeerIdentity? Peer { get; private set; }

    /// <summary>Lets the peer in, or throws.</summary>
    /// <exception cref="TransportException">Not in time, or not entitled.</exception>
    public async Task GreetAsync(CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(TransportLimits.HandshakeTime, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            Peer = await _handshake.AcceptAsync(_stream, _handler.Admit, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            throw new TransportException($"The handshake did not end within {TransportLimits.HandshakeTime.TotalSeconds} s.");
        }
    }

    /// <summary>Serves the peer until the connection ends. Returns when the peer closed it in order.</summary>
    public async Task ServeAsync(CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sending = _sender.RunAsync(ending.Token);
        var reading = ReadAsync(ending.Token);
        await Task.WhenAny(sending, reading).ConfigureAwait(false);
        await ending.CancelAsync().ConfigureAwait(false);
        _sender.Close();
        await Task.WhenAll(EndOf(sending, ending.Token), EndOf(reading, ending.Token)).ConfigureAwait(false);
    }

    public void Dispose() => _requests.Dispose();

    // The half that ended second ended because of the first.
    private static async Task EndOf(Task half, CancellationToken ending)
    {
        try
        {
            await half.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // Ended by the other half, whose own end says why.
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        using var silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        try
        {
            while (true)
            {
                silence.CancelAfter(TransportLimits.SilenceTime);
                var bytes = await _stream.ReadAsync(TransportLimits.MaxFrameBytes, either.Token).ConfigureAwait(false);
                silence.CancelAfter(Timeout.InfiniteTimeSpan);
                if (bytes is null)
                {
                    return;
                }

                OnFrame(Frame.Decode(bytes), cancellationToken);
            }
        }
        catch (WireFormatException malformed)
        {
            throw new TransportException(malformed.Message, malformed);
        }
        catch (OperationCanceledException) when (silence.IsCancellationRequested)
        {
            throw new TransportException($"No whole frame arrived for {TransportLimits.SilenceTime.TotalSeconds} s.");
        }
    }

    // Never waits: behind a request may be the very message of the group that lets the requests before it be answered.
    private void OnFrame(Frame frame, CancellationToken cancellationToken)
    {
        switch (frame.Kind)
        {
            case FrameKind.Beat:
                _sender.TrySend(new Frame(FrameKind.BeatAnswer, frame.Id, default));
                break;
            case FrameKind.Message:
                _handler.OnRaft(Peer!, frame.Body);
                break;
            case FrameKind.Submit:
            case FrameKind.Read:
            case FrameKind.Alive:
            case FrameKind.Birth:
            case FrameKind.Replace:
                OnRequest(frame, cancellationToken);
                break;
            default:
                throw new TransportException($"A frame of kind {(int)frame.Kind} does not belong here.");
        }
    }

    private void OnRequest(Frame frame, CancellationToken cancellationToken)
    {
        if (_requests.Wait(0, CancellationToken.None))
        {
            _ = AnswerAsync(frame, cancellationToken);
            return;
        }

        var busy = new Answer(AnswerStatus.Busy) { Text = $"{TransportLimits.MaxRequestsPerConnection} requests of this connection wait." };
        _sender.TrySend(new Frame(FrameKind.Answer, frame.Id, busy.Encode()));
    }

    private async Task AnswerAsync(Frame frame, CancellationToken cancellationToken)
    {
        Answer answer;
        try
        {
            answer = await _handler.AnswerAsync(Peer!, frame.Kind, frame.Body, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is WireFormatException or TransportException)
        {
            answer = new Answer(AnswerStatus.Refused) { Text = failure.Message };
        }
        catch (Exception failure)
        {
            answer = new Answer(AnswerStatus.NotReady) { Text = failure.Message };
        }

        _sender.TrySend(new Frame(FrameKind.Answer, frame.Id, answer.Encode()));
        if (!cancellationToken.IsCancellationRequested)
        {
            _requests.Release();
        }
    }
}
