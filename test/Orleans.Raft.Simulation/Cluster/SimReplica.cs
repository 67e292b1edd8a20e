using Orleans.Raft.Core;

namespace Orleans.Raft.Simulation;

/// <summary>
/// Host of one replica: what hosting does with a node, on virtual time. It owns the node's lives; what outlives a crash is on
/// <see cref="Disk"/> and in <see cref="StateMachine"/>.
/// </summary>
internal sealed partial class SimReplica
{
    private readonly SimWorld _world;
    private readonly long[] _knownLives = new long[SimSettings.MaxReplicas + 1];
    private readonly Queue<Message> _applying = [];
    private readonly Queue<Envelope> _waitingForWrite = [];
    private readonly Dictionary<long, SimRead> _reads = [];
    private readonly List<(long Index, SimRead Read)> _confirmedReads = [];
    private readonly HashSet<long> _writes = [];
    private readonly long _clockOffset;
    private readonly int _ppm;
    private SyncWork? _work;
    private long _nextContext;

    public SimReplica(SimWorld world, int number)
    {
        _world = world;
        Number = number;
        Id = new ReplicaId(number);
        StateMachine = new SimStateMachine();
        Disk = new SimDisk(StateMachine, world.Random);
        Shadow = new ShadowLog();
        _ppm = world.Random.Between(-world.Settings.DriftPpm, world.Settings.DriftPpm);
        _clockOffset = world.Random.Below(int.MaxValue);
    }

    public int Number { get; }

    public ReplicaId Id { get; }

    public SimDisk Disk { get; }

    public SimStateMachine StateMachine { get; }

    /// <summary>What the checker has seen of this replica's log.</summary>
    public ShadowLog Shadow { get; }

    /// <summary>The node, or null while the process is down.</summary>
    public RaftNode? Node { get; private set; }

    /// <summary>Number of the life; the next one's while the process is down.</summary>
    public int Life { get; private set; } = 1;

    /// <summary>Configuration that the node works with.</summary>
    public ConfState Config { get; private set; } = ConfState.Empty;

    /// <summary>Virtual time until which the process is stopped as by SIGSTOP.</summary>
    public long PausedUntil { get; private set; }

    /// <summary>The replica was removed and its host has ended it for good.</summary>
    public bool IsRetired { get; private set; }

    /// <summary>Synchronous mode: a Ready is being worked off, and the node may hold entries that the disk has not been handed.</summary>
    public bool IsWriting => _work is not null;

    public bool IsUp => Node is not null;

    public bool IsPaused => IsUp && PausedUntil > _world.Now;

    public TimeSpan LocalNow => new((_world.Now * 10) + (_world.Now * _ppm / 100_000) + _clockOffset);

    public void Start()
    {
        var settings = _world.Settings;
        _nextContext = _world.Switches.IgnoreLives ? 1 : (long)(_world.Random.Next() >> 2);
        Config = StateMachine.Durable.Config;
        Node = new RaftNode(NodeConfig.Of(settings, _world.Switches, Id, StateMachine.Durable.Id.Index, _world.Random.Next(), _world.Story.IsTold), Disk);
        Shadow.Restart(Disk);
        _world.Checker.OnStart(this);
        _world.Events.Add(_world.Now + _world.Random.Below(SimSettings.Tick), EventKind.Tick, Number, Life);
        _world.Story.Say(_world.Now, Number, $"starts life {Life}: {Disk.HardState}, log {Disk.FirstIndex}..{Disk.LastIndex}, applied {StateMachine.Durable.Id.Index}");
    }

    public void Crash()
    {
        var lost = Disk.Crash();
        StateMachine.Crash();
        _world.Story.Say(_world.Now, Number, $"CRASHES in life {Life}: {lost} writes lost, {Disk.HardState}, log ends at {Disk.LastIndex}");
        End();
    }

    public void Retire()
    {
        _world.Story.Say(_world.Now, Number, $"is retired: not a member any more");
        IsRetired = true;
        End();
    }

    public void Pause(long until)
    {
        PausedUntil = until;
        _world.Story.Say(_world.Now, Number, $"PAUSED until {until / 1000.0:F1} ms");
    }

    public void Tick()
    {
        Node!.Tick(LocalNow);
        var interval = SimSettings.Tick * 1_000_000L / (1_000_000 + _ppm);
        _world.Events.Add(_world.Now + interval + Jitter(), EventKind.Tick, Number, Life);
    }

    /// <summary>A message arrives from the network.</summary>
    public void Receive(Envelope envelope)
    {
        if (!_world.Switches.IgnoreLives && !IsForThisLife(envelope))
        {
            return;
        }

        if (envelope.Message is not { } message)
        {
            return;
        }

        if (_work is not null && !_world.Settings.StepWhileWriting)
        {
            _waitingForWrite.Enqueue(envelope);
            return;
        }

        _world.Story.Say(_world.Now, Number, $"receives {message}");
        Node!.Step(message, LocalNow);
    }

    /// <summary>Tells what the node has decided since it was last asked.</summary>
    public void TellTraces()
    {
        while (Node!.TryTakeTrace(out var traced))
        {
            _world.Story.Say(_world.Now, Number, $"{traced}");
        }
    }

    public void OnLaneReport(LaneReport report)
    {
        if (report.IsSnapshot)
        {
            Node!.ReportSnapshot(report.Peer, report.Succeeded);
        }
        else
        {
            Node!.ReportUnreachable(report.Peer);
        }
    }

    /// <summary>
    /// Only what was meant for this life counts, and only from the sender's latest life. A peer's new life is recognized when
    /// no answer to its former one is still inside the node, else that answer would be addressed to the new one.
    /// </summary>
    private bool IsForThisLife(Envelope envelope)
    {
        if (envelope.ToLife != Life)
        {
            _world.Story.Say(_world.Now, Number, $"drops what r{envelope.From} sent to life {envelope.ToLife}");
            if (envelope.Message is not null)
            {
                _world.Network.Send(new Envelope(null, Number, envelope.From, Life, envelope.FromLife, _world.Now));
            }

            return false;
        }

        if (envelope.FromLife < _knownLives[envelope.From])
        {
            return false;
        }

        if (envelope.FromLife > _knownLives[envelope.From])
        {
            if (_knownLives[envelope.From] != 0 && _work is not null)
            {
                return false;
            }

            _knownLives[envelope.From] = envelope.FromLife;
        }

        return true;
    }

    private void End()
    {
        Node = null;
        Life++;
        PausedUntil = 0;
        _work = null;
        _applying.Clear();
        _waitingForWrite.Clear();
        _reads.Clear();
        _confirmedReads.Clear();
        _writes.Clear();
        Array.Clear(_knownLives);
        Disk.StalledUntil = 0;
    }

    private long Jitter() => _world.Settings.TickJitter > 0 ? _world.Random.Below(_world.Settings.TickJitter) : 0;
}

/// <summary>What a lane tells the node about an earlier message: a snapshot's fate, or that a peer can't be reached.</summary>
internal sealed record LaneReport(ReplicaId Peer, bool IsSnapshot, bool Succeeded);

/// <summary>The rest of a synchronous Ready, done once its write is durable.</summary>
internal sealed record SyncWork(
    Ready Ready, IReadOnlyList<Envelope> Messages, IReadOnlyList<Entry> Committed, IReadOnlyList<ReadState> ReadStates);
