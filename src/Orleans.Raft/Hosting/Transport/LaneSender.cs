using System.Runtime.InteropServices;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>
/// The sending half of a lane: gathers the frames of all groups for one silo and sends them in numbered batches. Control frames go first.
/// A lane that is broken sends nothing but greetings, one at a time, until the peer answers: so a silent peer costs little memory (SAFETY-RULES B5).
/// </summary>
internal sealed partial class LaneSender
{
    private readonly Lock _gate = new();
    private readonly string _peer;
    private readonly LaneSettings _settings;
    private readonly ILaneTransport _transport;
    private readonly IReplicaScheduler _scheduler;
    private readonly IReplicaClock _clock;
    private readonly ILaneEvents _events;
    private readonly Queue<LaneFrame> _control = new();
    // Of the batch that is being made; used by the scheduler alone, and encoded before anything is awaited.
    private readonly List<LaneItem> _frames = [];
    private readonly LaneLoad _load;
    private readonly LaneFlow _flow;
    private readonly Dictionary<long, InFlight> _inFlight = [];

    // Snapshots' own lane: it has no order, so it has no numbers.
    private readonly Queue<LaneFrame> _parts = new();
    private long _partBytes;
    private SentPart? _sentPart;
    private StoreIdentity _peerLife;
    private StoreIdentity _lastLife;
    private volatile SiloPhase _peerPhase;
    private TimeSpan _silentSince;
    private long _session = 1;
    private long _sequence;
    private long _controlBytes;
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
        _load = new LaneLoad(settings.WindowBytes);
        _flow = new LaneFlow(settings);
    }

    /// <summary>Frames that were refused, lost with a break, or addressed to a life that is over.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Bytes of load waiting or on their way.</summary>
    public long WindowBytes
    {
        get
        {
            lock (_gate)
            {
                return _load.Bytes;
            }
        }
    }

    /// <summary>Bytes of everything that waits or is on its way.</summary>
    public long HeldBytes
    {
        get
        {
            lock (_gate)
            {
                return _load.Bytes + _controlBytes + _partBytes + (_sentPart?.Bytes ?? 0);
            }
        }
    }

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
                isOverdue |= now - batch.SentAt > DeadlineFor(batch.LoadBytes);
            }

            if (isOverdue)
            {
                Break_NeedsGate();
            }

            ForgetOverduePart_NeedsGate(now);

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

    // A batch has half an election timeout; one that is large because a single frame is has more by its size, else it would never pass a slow link.
    private TimeSpan DeadlineFor(long bytes) => _settings.Deadline * Math.Max(1, (double)bytes / _settings.MaxBatchBytes);

    private bool TryQueue_NeedsGate(in LaneFrame frame) => frame.Class switch
    {
        LaneClass.Control => QueueControl_NeedsGate(frame),
        LaneClass.Load => !_peerLife.IsDefault && _load.TryAdd(frame),
        LaneClass.Part => !_peerLife.IsDefault && TryQueuePart_NeedsGate(frame),
    };

    private bool QueueControl_NeedsGate(in LaneFrame frame)
    {
        while (_control.Count > 0 && (_control.Count >= _settings.MaxControlFrames || _controlBytes + frame.Size > _settings.MaxControlBytes))
        {
            _controlBytes -= _control.Dequeue().Size;
            Drop_NeedsGate(DropReason.ControlFull);
        }

        _control.Enqueue(frame);
        _controlBytes += frame.Size;
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

        if (TryTakePart(out var part))
        {
            _ = SendPartAsync(part);
        }
    }

    private bool TryTakeBatch(out LaneHeader batch)
    {
        batch = default;
        _frames.Clear();
        lock (_gate)
        {
            var now = _clock.Now;
            var isGreeting = _peerLife.IsDefault;
            if (!MayTakeBatch_NeedsGate(now, isGreeting))
            {
                return false;
            }

            var loadBytes = isGreeting ? 0 : TakeFrames_NeedsGate();
            batch = _settings.Header with
            {
                ToStore = _peerLife.StoreId,
                ToOpenCounter = _peerLife.OpenCounter,
                Session = _session,
                Sequence = ++_sequence,
            };
            _inFlight.Add(_sequence, new InFlight(now, loadBytes));
            _lastSent = now;
        }

        return true;
    }

    private bool MayTakeBatch_NeedsGate(TimeSpan now, bool isGreeting)
    {
        if (isGreeting)
        {
            return _inFlight.Count == 0 && now >= _nextGreeting;
        }

        // The last place is kept for control: it need not wait until load is answered.
        return _control.Count > 0 ? _inFlight.Count < _settings.MaxInFlight
            : _load.Count > 0 ? MayTakeLoad_NeedsGate()
            : _inFlight.Count == 0 && now - _lastSent >= _settings.BeatInterval;
    }

    private bool MayTakeLoad_NeedsGate() =>
        _load.SentBytes == 0 || (_inFlight.Count < _settings.MaxInFlight - 1 && _load.SentBytes < _flow.Limit);

    private long TakeFrames_NeedsGate()
    {
        var size = 0L;
        while (size < _settings.MaxBatchBytes && _control.TryDequeue(out var frame))
        {
            _controlBytes -= frame.Size;
            size += Take_NeedsGate(frame);
        }

        var loadBytes = 0L;
        if (!MayTakeLoad_NeedsGate())
        {
            return loadBytes;
        }

        // The first one goes whatever its size, unless control filled the batch.
        for (var room = size == 0 ? long.MaxValue : Room(); _load.TryTake(room, out var frame); room = Room())
        {
            loadBytes += frame.Size;
            size += Take_NeedsGate(frame);
        }

        return loadBytes;

        long Room() => Math.Min(_settings.MaxBatchBytes - size, _flow.BatchBytes - loadBytes);
    }

    private int Take_NeedsGate(in LaneFrame frame)
    {
        if (frame.IsForAnotherLifeThan(_peerLife))
        {
            // An answer to a request of the peer's former life: its present life must not take it for its own (SAFETY-RULES A8).
            Drop_NeedsGate(DropReason.OtherLife);
            return 0;
        }

        _frames.Add(frame.Item);
        return frame.Size;
    }

    private async Task SendAsync(LaneHeader header)
    {
        LaneAck? ack = null;
        try
        {
            var bytes = LaneCodec.Encode(header, CollectionsMarshal.AsSpan(_frames));
            _settings.Metrics.BatchSent(_peer, _frames.Count, bytes.Length);
            ack = await _transport.SendAsync(_peer, bytes);
        }
        catch (Exception exception)
        {
            // Whatever it was, the batch may be lost; the session is broken and the peer is greeted anew at the next tick.
            _events.SendFailed(_peer, exception);
        }

        Complete(header, ack);
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

            _load.Release(inFlight.LoadBytes);
            if (ack is null || !ack.IsAccepted || (header.ToOpenCounter > 0 && ack.Life != new StoreIdentity(header.ToStore, header.ToOpenCounter)))
            {
                Break_NeedsGate();
            }
            else
            {
                isReached = true;
                _flow.OnAnswer(inFlight.SentAt, _clock.Now, inFlight.LoadBytes);
                Hear_NeedsGate(ack);
            }

            if (ack is not null && _control.Count + _load.Count + _parts.Count > 0)
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

        Drop_NeedsGate(DropReason.LaneBroken, _control.Count + _load.Count + _parts.Count);
        _control.Clear();
        _controlBytes = 0;
        _load.Clear();
        _flow.OnBreak(_clock.Now);
        ClearParts_NeedsGate();
        _inFlight.Clear();
        _peerLife = default;
        _session++;
        _sequence = 0;
        _nextGreeting = _clock.Now + _settings.BeatInterval;
    }

    private readonly record struct InFlight(TimeSpan SentAt, long LoadBytes);
}
