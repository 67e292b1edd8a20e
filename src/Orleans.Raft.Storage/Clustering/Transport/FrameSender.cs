using System.Threading.Channels;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>What waits to be sent on one connection: bounded in frames and bytes, dropped when full. Raft repeats what is lost, callers ask again.</summary>
internal sealed class FrameSender
{
    private readonly Channel<byte[]> _queue = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });
    private readonly FrameStream _stream;
    private readonly TimeProvider _time;
    private long _bytes;
    private int _frames;

    public FrameSender(FrameStream stream, TimeProvider time)
    {
        _stream = stream;
        _time = time;
    }

    /// <summary>Queues a frame, or drops it and returns false: full, or the connection has ended.</summary>
    public bool TrySend(in Frame frame)
    {
        if (Volatile.Read(ref _frames) >= TransportLimits.MaxQueuedFrames || Volatile.Read(ref _bytes) >= TransportLimits.MaxQueuedBytes)
        {
            return false;
        }

        var bytes = frame.Encode();
        Interlocked.Increment(ref _frames);
        Interlocked.Add(ref _bytes, bytes.Length);
        return _queue.Writer.TryWrite(bytes);
    }

    /// <summary>Nothing more is taken.</summary>
    public void Close() => _queue.Writer.TryComplete();

    /// <summary>Writes until closed. A write that takes too long fails.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            while (await _queue.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                while (_queue.Reader.TryRead(out var bytes))
                {
                    deadline.CancelAfter(TransportLimits.WriteTime);
                    await _stream.WriteAsync(bytes, either.Token).ConfigureAwait(false);
                    deadline.CancelAfter(Timeout.InfiniteTimeSpan);
                    Interlocked.Decrement(ref _frames);
                    Interlocked.Add(ref _bytes, -bytes.Length);
                }
            }
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            throw new TransportException($"The other end has not taken a frame for {TransportLimits.WriteTime.TotalSeconds} s.");
        }
    }
}
