using System.Runtime.InteropServices;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>
/// The sending half of a lane: gathers the frames of all groups for one silo and sends them in numbered batches. Control frames go first.
/// A lane that is broken sends nothing but greetings, one at a time, until the peer answers: so a silent peer costs no memory (SAFETY-RULES B5).
/// </summary>
internal sealed class LaneSender
{
    private readonly Lock _gate = new();
    private readonly string _peer;
    private readonly LaneSettings _settings;
    private readonly ILaneTransport _transport;
    private readonly IReplicaScheduler _scheduler;
    private readonly IReplicaClock _clock;
    private readonly ILaneEvents _events;
    private readonly Queue<LaneFrame> _control = new();
    private readonly Queue<LaneFrame> _bulk = new();
    private readonly Dictionary<long, InFlight> _inFlight = [];
    private StoreIdentity _peerLife;
    private StoreIdentity _lastLife;
    private volatile SiloPhase _peerPhase;
    private TimeSpan _silentSince;
    private long _session = 1;
    private long _sequence;
    private long _windowBytes;
    private bool _isFlushPosted;
    private TimeSpan _lastSent = TimeSpan.FromDays(-1);
    private TimeSpan _nextGreeting = TimeSpan.FromDays(-1);
    private long _dropped;

    public LaneSender(
        string peer, LaneSettings settings, ILaneTransport transport, IReplicaScheduler scheduler, IReplicaClock clock, ILaneEvents events)
    {
        _peer = peer;
        _settings = settings;
        _transport = transport;
        _scheduler = scheduler;
        _clock = clock;
        _events = events;
        _silentSince = clock.Now;
    }

    /// <summary>Frames that were refused, lost with a break, or addressed to a life that is over.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Bytes of bulk frames waiting or on their way.</summary>
    public long WindowBytes => Interlocked.Read(ref _windowBytes);

    /// <summary>The peer's life as last heard; default while the lane is broken.</summary>
    public StoreIdentity PeerLife
    {
        get
        {
            lock (_gate)
            {
                return _peerLife;
            }
        }
    }

    /// <summary>How far the peer is on its way out, as last heard in its present life.</summary>
    public SiloPhase PeerPhase => _peerPhase;

    /// <summary>Since when the peer has not answered; null while it does.</summary>
    public TimeSpan? SilentSince
    {
        get
        {
            lock (_gate)
            {
                return _peerLife.IsDefault ? _silentSince : null;
            }
        }
    }

    /// <summary>Queues a frame. False when it was refused: the window is full, or the peer does not answer.</summary>
    public bool TrySend(in LaneFrame frame)
    {
        lock (_gate)
        {
            if (!TryQueue_NeedsGate(frame))
            {
                Drop_NeedsGate(_peerLife.IsDefault ? DropReason.Silent : DropReason.WindowFull);
                return false;
            }

            PostFlush_NeedsGate();
            return true;
        }
    }

    /// <summary>Breaks the session when a batch is overdue; greets or beats when nothing was sent lately.</summary>
    public void OnTick()
    {
        var isOverdue = false;
        lock (_gate)
        {
            var now = _clock.Now;
            foreach (var batch in _inFlight.Values)
            {
                isOverdue |= now - batch.SentAt > _settings.Deadline;
            }

            if (isOverdue)
            {
                Break_NeedsGate();
            }

            if (_inFlight.Count == 0 && now - _lastSent >= _settings.BeatInterval)
            {
                PostFlush_NeedsGate();
            }
        }

        if (isOverdue)
        {
            _events.PeerUnreachable(_peer);
        }
    }

    private bool TryQueue_NeedsGate(in LaneFrame frame)
    {
        if (!frame.IsBulk)
        {
            if (_control.Count >= _settings.MaxControlFrames)
            {
                _control.Dequeue();
                Drop_NeedsGate(DropReason.ControlFull);
            }

            _control.Enqueue(frame);
            return true;
        }

        // An empty lane admits one frame of any size, else a large one would never pass.
        if (_peerLife.IsDefault || (_windowBytes > 0 && _windowBytes + frame.Size > _settings.WindowBytes))
        {
            return false;
        }

        _windowBytes += frame.Size;
        _bulk.Enqueue(frame);
        return true;
    }

    private void PostFlush_NeedsGate()
    {
        if (!_isFlushPosted)
        {
            _isFlushPosted = true;
            _scheduler.Post(static lane => ((LaneSender)lane!).Flush(), this);
        }
    }

    private void Flush()
    {
        lock (_gate)
        {
            _isFlushPosted = false;
        }

        while (TryTakeBatch(out var batch))
        {
            _ = SendAsync(batch);
        }
    }

    private bool TryTakeBatch(out OutgoingBatch batch)
    {
        batch = default;
        var frames = new List<LaneItem>();
        LaneHeader header;
        lock (_gate)
        {
            var now = _clock.Now;
            var isGreeting = _peerLife.IsDefault;
            if (!MayTakeBatch_NeedsGate(now, isGreeting))
            {
                return false;
            }

            var bulkBytes = isGreeting ? 0 : TakeFrames_NeedsGate(frames);
            header = _settings.Header with
            {
                ToStore = _peerLife.StoreId,
                ToOpenCounter = _peerLife.OpenCounter,
                Session = _session,
                Sequence = ++_sequence,
            };
            _inFlight.Add(_sequence, new InFlight(now, bulkBytes));
            _lastSent = now;
        }

        batch = new OutgoingBatch(header, frames);
        return true;
    }

    private bool MayTakeBatch_NeedsGate(TimeSpan now, bool isGreeting)
    {
        if (isGreeting)
        {
            return _inFlight.Count == 0 && now >= _nextGreeting;
        }

        return _control.Count + _bulk.Count > 0
            ? _inFlight.Count < _settings.MaxInFlight
            : _inFlight.Count == 0 && now - _lastSent >= _settings.BeatInterval;
    }

    private long TakeFrames_NeedsGate(List<LaneItem> frames)
    {
        var size = 0L;
        var bulkBytes = 0L;
        while (size < _settings.MaxBatchBytes && _control.TryDequeue(out var frame))
        {
            size += Take_NeedsGate(frame, frames);
        }

        while (size < _settings.MaxBatchBytes && _bulk.TryPeek(out var frame) && (size == 0 || size + frame.Size <= _settings.MaxBatchBytes))
        {
            _bulk.Dequeue();
            bulkBytes += frame.Size;
            size += Take_NeedsGate(frame, frames);
        }

        return bulkBytes;
    }

    private int Take_NeedsGate(in LaneFrame frame, List<LaneItem> frames)
    {
        if (frame.IsForAnotherLifeThan(_peerLife))
        {
            // An answer to a request of the peer's former life: its present life must not take it for its own (SAFETY-RULES A8).
            Drop_NeedsGate(DropReason.OtherLife);
            return 0;
        }

        frames.Add(frame.Item);
        return frame.Size;
    }

    private async Task SendAsync(OutgoingBatch batch)
    {
        LaneAck? ack = null;
        try
        {
            var bytes = LaneCodec.Encode(batch.Header, CollectionsMarshal.AsSpan(batch.Frames));
            _settings.Metrics.BatchSent(_peer, batch.Frames.Count, bytes.Length);
            ack = await _transport.SendAsync(_peer, bytes);
        }
        catch (Exception exception)
        {
            // Whatever it was, the batch may be lost; the session is broken and the peer is greeted anew at the next tick.
            _events.SendFailed(_peer, exception);
        }

        Complete(batch.Header, ack);
    }

    private void Complete(LaneHeader header, LaneAck? ack)
    {
        var isReached = false;
        lock (_gate)
        {
            if (header.Session != _session || !_inFlight.Remove(header.Sequence, out var inFlight))
            {
                return;
            }

            _windowBytes -= inFlight.BulkBytes;
            if (ack is null || !ack.IsAccepted || (header.ToOpenCounter > 0 && ack.Life != new StoreIdentity(header.ToStore, header.ToOpenCounter)))
            {
                Break_NeedsGate();
            }
            else
            {
                isReached = true;
                Hear_NeedsGate(ack);
            }

            if (ack is not null && _control.Count + _bulk.Count > 0)
            {
                PostFlush_NeedsGate();
            }
        }

        if (isReached)
        {
            _events.PeerReached(_peer, ack!.Life);
        }
        else
        {
            _events.PeerUnreachable(_peer);
        }
    }

    private void Drop_NeedsGate(DropReason reason, int count = 1)
    {
        _dropped += count;
        _settings.Metrics.Dropped(reason, count);
    }

    private void Hear_NeedsGate(LaneAck ack)
    {
        _peerLife = ack.Life;
        if (_lastLife != ack.Life)
        {
            _lastLife = ack.Life;
            _peerPhase = SiloPhase.Running;
        }

        // Answers overtake each other, and nobody comes back from stopping.
        if (ack.Phase > _peerPhase)
        {
            _peerPhase = ack.Phase;
        }
    }

    private void Break_NeedsGate()
    {
        if (!_peerLife.IsDefault)
        {
            _silentSince = _clock.Now;
        }

        Drop_NeedsGate(DropReason.LaneBroken, _control.Count + _bulk.Count);
        _control.Clear();
        _bulk.Clear();
        _inFlight.Clear();
        _windowBytes = 0;
        _peerLife = default;
        _session++;
        _sequence = 0;
        _nextGreeting = _clock.Now + _settings.BeatInterval;
    }

    private readonly record struct InFlight(TimeSpan SentAt, long BulkBytes);

    private readonly record struct OutgoingBatch(LaneHeader Header, List<LaneItem> Frames);
}
