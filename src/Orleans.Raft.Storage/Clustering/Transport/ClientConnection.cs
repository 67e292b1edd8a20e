using System.Collections.Concurrent;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>One dialed connection after its handshake: sends messages and requests, matches answers, notices silence.</summary>
internal sealed class ClientConnection
{
    private readonly FrameStream _stream;
    private readonly FrameSender _sender;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<long, TaskCompletionSource<Answer>> _waiting = new();
    private long _lastId;
    private volatile bool _hasEnded;

    public ClientConnection(FrameStream stream, PeerIdentity peer, TimeProvider time)
    {
        _stream = stream;
        _sender = new FrameSender(stream, time);
        _time = time;
        Peer = peer;
    }

    /// <summary>Who answers.</summary>
    public PeerIdentity Peer { get; }

    /// <summary>Sends a frame, or drops it when too much waits.</summary>
    public bool TrySend(in Frame frame) => _sender.TrySend(frame);

    /// <summary>Asks and waits for the answer.</summary>
    /// <exception cref="TransportException">The connection ended before the answer, or too much waits.</exception>
    public async Task<Answer> AskAsync(FrameKind kind, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var id = Interlocked.Increment(ref _lastId);
        var answered = new TaskCompletionSource<Answer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answered;
        try
        {
            // The end of the connection fails whom it finds waiting; whoever comes later must look for himself.
            if (_hasEnded || !_sender.TrySend(new Frame(kind, id, body)))
            {
                throw new TransportException($"The connection to {Peer.Silo} has ended or is clogged.");
            }

            return await answered.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _waiting.TryRemove(id, out _);
        }
    }

    /// <summary>Works until the connection ends; throws why.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] parts = [_sender.RunAsync(ending.Token), ReadAsync(ending.Token), BeatAsync(ending.Token)];
        var first = await Task.WhenAny(parts).ConfigureAwait(false);
        await ending.CancelAsync().ConfigureAwait(false);
        _sender.Close();
        _hasEnded = true;
        foreach (var waiting in _waiting.Values)
        {
            waiting.TrySetException(new TransportException($"The connection to {Peer.Silo} ended before the answer."));
        }

        await Task.WhenAll(parts).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first.ConfigureAwait(false);
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TransportLimits.BeatInterval, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            _sender.TrySend(new Frame(FrameKind.Beat, 0, default));
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
                var bytes = await _stream.ReadAsync(TransportLimits.MaxFrameBytes, either.Token).ConfigureAwait(false)
                    ?? throw new TransportException("The other end closed the connection.");
                var frame = Frame.Decode(bytes);
                if (frame.Kind is FrameKind.Answer && _waiting.TryGetValue(frame.Id, out var waiting))
                {
                    waiting.TrySetResult(Answer.Decode(frame.Body));
                }
            }
        }
        catch (OperationCanceledException) when (silence.IsCancellationRequested)
        {
            throw new TransportException($"Nothing was heard for {TransportLimits.SilenceTime.TotalSeconds} s.");
        }
    }
}
