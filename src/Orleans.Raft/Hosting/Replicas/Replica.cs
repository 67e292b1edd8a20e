using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>
/// One replica of one group: a <see cref="RaftNode"/> and the loop around it. Everything that drives it is posted, and one burst at a time is
/// worked off on whichever scheduler owns it then: the endpoint's, or its grain's while that lives (SAFETY-RULES B1, B12).
/// </summary>
internal sealed partial class Replica
{
    // So that one busy group does not hold a scheduler thread for long.
    private const int MaxBurst = 256;

    private readonly ReplicaSettings _settings;
    private readonly IReplicaOutlet _outlet;
    private readonly IReplicaClock _clock;
    private readonly IGroupClientPort _client;
    private readonly ILogger _logger;
    private readonly RaftNode _node;
    private readonly ReplicaLife _life;
    private readonly ReplicaInbox _inbox = new();
    private readonly Dictionary<ReplicaId, Peer> _peers = [];
    private readonly ReplicaState _state;
    private readonly ReplicaLogReader _log;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Writes on their way to the disk, in order. Their responses are delivered in this order, whatever order they complete in.
    private readonly Queue<PendingAppend> _appends = new();
    private readonly Queue<PendingAppend> _spareAppends = new();

    // Committed entries in order; while a batch of them is on its way to the state store the rest waits.
    private readonly Queue<Message> _toApply = new();
    private Message? _applying;

    // A mark that was just applied, and the batch whose rest waits for the look at the state.
    private Guid _mark;
    private long _markIndex;
    private Message? _interrupted;
    // Made when somebody first asks: most replicas are never asked.
    private ConcurrentDictionary<Guid, TaskCompletionSource<StateChecksum>>? _checksums;
    private TimeSpan _applyingSince;
    private ConfState _confState;

    // The snapshot that comes in.
    private SnapshotInstall? _install;
    private SnapshotInstall? _received;
    private volatile bool _isSaving;
    private bool _isSaveWanted;

    // What waits here; null of most replicas at most times, since they sleep.
    private ReplicaTasks? _tasks;

    private volatile IReplicaScheduler _scheduler;
    private int _isDraining;
    private int _ticksDue;
    private TimeSpan _now;
    private long _ticks;

    // A sleeping replica is not ticked; the tick of its last work says when it may sleep.
    private long _lastWorkTick;
    private long _leaderHeardTick;
    private volatile bool _isAsleep;
    private long _readContext;
    private SoftState _soft;
    private long _softTerm;
    private long _applied;

    // The leader's commit index as far as it told; says how far this replica lags.
    private long _leaderCommit;
    private bool _isStopping;
    private TimeSpan _handOverAt;
    // The term of the last hand-over that began here; 0 before the first.
    private long _givenAwayTerm;
    private volatile string? _fault;

    // Why it applies nothing more although nothing is wrong with it: an entry that only newer binaries know. Null while it goes on.
    private volatile string? _needsUpgrade;

    public Replica(
        ReplicaSettings settings, IReplicaOutlet outlet, IReplicaClock clock, IReplicaScheduler scheduler, IGroupClientPort client, ILogger logger)
    {
        _settings = settings;
        _outlet = outlet;
        _clock = clock;
        _scheduler = scheduler;
        _client = client;
        _logger = logger;
        _life = new ReplicaLife(settings.Life.StoreId, settings.Life.OpenCounter, settings.Log.Owner);
        _readContext = settings.FirstReadContext;
        _state = settings.State;
        var stored = _state.Load(settings.Log.Generation);
        _applied = stored.Position.Index;
        _confState = stored.Position.Index > 0 ? stored.ConfState : settings.Log.Reader.InitialState.ConfState;
        _log = new ReplicaLogReader(settings.Log.Reader, _confState, OfferSnapshot);
        var config = settings.Node with { Applied = _applied, IsTraced = logger.IsEnabled(LogLevel.Trace) };
        _settings = settings with { Node = config };
        _node = new RaftNode(config, _log);
        foreach (var member in settings.Group.Members)
        {
            _peers.Add(member.Replica, new Peer(member.Silo));
        }
    }

    /// <summary>Which group.</summary>
    public RaftGroupId Group => _settings.Group.Id;

    /// <summary>Which replica of it.</summary>
    public ReplicaId Id => _settings.Node.Id;

    /// <summary>Why the replica has stopped for good, or null.</summary>
    public string? Fault => _fault;

    /// <summary>Completes when the replica will touch nothing any more.</summary>
    public Task Stopped => _stopped.Task;

    /// <summary>
    /// Gives the replica to another scheduler. What the former one has already been handed runs there to its end; a burst is never on two.
    /// </summary>
    public void MoveTo(IReplicaScheduler scheduler) => _scheduler = scheduler;

    /// <summary>Posts an event. May be called from any thread.</summary>
    public void Post(in ReplicaWork work)
    {
        _inbox.Enqueue(work);
        Wake();
    }

    /// <summary>Posts a tick. Ticks that pile up are capped: a replica that was stalled must not storm (SAFETY-RULES C9).</summary>
    public void PostTick()
    {
        if (Interlocked.Increment(ref _ticksDue) == 1)
        {
            Wake();
        }
    }

    /// <summary>Asks the replica to stop; <see cref="Stopped"/> completes when it has.</summary>
    public void PostStop() => Post(new ReplicaWork(ReplicaWorkKind.Stop));

    /// <summary>Faults the replica: something outside it makes its state untrustworthy.</summary>
    public void PostFault(string reason) =>
        Post(new ReplicaWork(ReplicaWorkKind.Action, Payload: (Action)(() => throw new InvalidOperationException(reason))));

    /// <summary>Runs a function on the replica's scheduler, between bursts.</summary>
    /// <exception cref="RaftException">The replica has faulted or stopped.</exception>
    public Task<T> AskAsync<T>(Func<RaftNode, T> question) => AskAsync(() => question(_node));

    /// <summary>Answers a query from whatever is applied now.</summary>
    /// <exception cref="RaftException">The replica has faulted or stopped.</exception>
    /// <exception cref="StateElsewhereException">This replica can't answer; another one may.</exception>
    public async Task<ReadOnlyMemory<byte>> QueryAsync(ReadOnlyMemory<byte> query) => await await AskAsync(() => _state.QueryAsync(query).AsTask());

    /// <summary>Gives the replica back to a scheduler, if the one that gives it is still the one that has it.</summary>
    public void MoveBack(IReplicaScheduler from, IReplicaScheduler to) => Interlocked.CompareExchange(ref _scheduler, to, from);

    /// <summary>True while the replica runs on this scheduler.</summary>
    public bool IsOn(IReplicaScheduler scheduler) => ReferenceEquals(_scheduler, scheduler);

    private void Wake()
    {
        if (Interlocked.Exchange(ref _isDraining, 1) == 0)
        {
            _scheduler.Post(static replica => ((Replica)replica!).Drain(), this);
        }
    }

    private void Drain()
    {
        try
        {
            if (_fault is null && !_stopped.Task.IsCompleted)
            {
                Burst();
            }
            else
            {
                RefuseInbox();
            }
        }
        catch (Exception exception)
        {
            // One group's fault must not become another's: this replica stops here and keeps the evidence.
            Fail(exception.ToString());
        }

        Volatile.Write(ref _isDraining, 0);
        if (!_inbox.IsEmpty || Volatile.Read(ref _ticksDue) > 0)
        {
            Wake();
        }
    }

    private void Burst()
    {
        _now = _clock.Now;
        RunTicks();
        for (var i = 0; i < MaxBurst && _inbox.TryDequeue(out var work); i++)
        {
            Handle(work);
        }

        do
        {
            // A round that ended makes room for the reads that gathered meanwhile.
            StartReadRound();
            ProcessReady();
        }
        while (_tasks is { Reads.Count: > 0, Rounds.Count: < MaxOpenRounds });

        SendAnswers();
        LogDecisions();
        if (_isSaveWanted && _applying is null)
        {
            _isSaveWanted = false;
            Save();
        }

        if (_node.IsFaulted)
        {
            Fail(_node.Fault!.ToString());
        }
    }

    private void RunTicks()
    {
        var due = Math.Min(Interlocked.Exchange(ref _ticksDue, 0), _settings.Node.ElectionTicks);
        if (due > 0)
        {
            // Before the node has something new to say, a beat for example, which would wake who sleeps.
            SleepIfIdle();
        }

        for (var i = 0; i < due && !_isAsleep; i++)
        {
            _ticks++;
            _node.Tick(_now);
        }

        if (due > 0)
        {
            HandOverIfHeldUp();
            GiveUpReadRounds();
            ResendParts();
        }
    }

    private void Handle(in ReplicaWork work)
    {
        // Read anew for each: what came during a pause of the process must not be judged by a time from before it. A lease would outlive its end by it, and a
        // promise not to vote would end before it was given (SAFETY-RULES A14).
        _now = _clock.Now;
        switch (work.Kind)
        {
            case ReplicaWorkKind.Item:
                OnItem(work.Silo!, work.Item);
                break;
            case ReplicaWorkKind.Propose:
                WakeUp(isLeaderLost: false);
                Propose(null, work.Data);
                break;
            case ReplicaWorkKind.Read:
                WakeUp(isLeaderLost: false);
                EnqueueRead(new PendingRead(null, work.Number, work.Data));
                break;
            case ReplicaWorkKind.Written:
                OnWritten((PendingAppend)work.Payload!);
                break;
            case ReplicaWorkKind.Applied:
                OnApplied((Message)work.Payload!);
                break;
            case ReplicaWorkKind.WriteFailed:
                if (work.Payload is LogStoreException)
                {
                    GiveWay();
                }

                throw (Exception)work.Payload!;
            case ReplicaWorkKind.Unreachable:
                OnUnreachable(work.Silo!);
                break;
            case ReplicaWorkKind.SiloChanged:
                OnSiloChanged(work.Silo!, isLost: work.Number != 0);
                break;
            case ReplicaWorkKind.Question:
                ((ReplicaQuestion)work.Payload!).Run();
                break;
            case ReplicaWorkKind.Stop:
                Stop();
                break;
            case ReplicaWorkKind.Action:
                ((Action)work.Payload!)();
                break;
            default:
                throw new InvalidOperationException($"{Group} replica {Id}: unknown work {work.Kind}.");
        }
    }

    private Task<T> AskAsync<T>(Func<T> question)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new ReplicaWork(ReplicaWorkKind.Question, Payload: new ReplicaQuestion(
            () =>
            {
                try
                {
                    answer.TrySetResult(question());
                }
                catch (Exception exception)
                {
                    // The asker's, not the replica's: a question changes nothing.
                    answer.TrySetException(exception);
                }
            },
            exception => answer.TrySetException(exception))));
        return answer.Task;
    }

    // Whoever asks a replica that is no more is told so, and can ask another.
    private void RefuseInbox()
    {
        Interlocked.Exchange(ref _ticksDue, 0);
        while (_inbox.TryDequeue(out var work))
        {
            switch (work.Kind)
            {
                case ReplicaWorkKind.Propose:
                    Refuse(null, RefusalKind.Gone, RefusedCommands.None);
                    break;
                case ReplicaWorkKind.Read:
                    AnswerRead(new PendingRead(null, work.Number, default), RefusalKind.Gone, default);
                    break;
                case ReplicaWorkKind.Item when work.Item.Kind is LaneItemKind.Propose or LaneItemKind.Read:
                    Refuse(work.Silo, RefusalKind.Gone, RefusedCommands.None);
                    break;
                case ReplicaWorkKind.Question:
                    ((ReplicaQuestion)work.Payload!).Refuse(new RaftException(
                        $"{Group}: replica {Id} on {_settings.Silo} {(_fault is null ? "has stopped" : $"has faulted: {_fault}")}"));
                    break;
                case ReplicaWorkKind.Stop:
                    // A faulted replica is stopped like any other: the silo's stop waits for it.
                    Stop();
                    break;
            }
        }
    }

    private void Stop()
    {
        _isStopping = true;
        RefuseAll(RefusalKind.Gone);
        EndTransfers();
        _state.Stop();
        _stopped.TrySetResult();
    }

    private void Fail(string reason)
    {
        _fault = reason;
        _settings.Metrics.Faulted(Group.Name);
        LogFaulted(_logger, Group, Id, _node.Term, reason);
        RefuseAll(RefusalKind.Gone);
        EndTransfers();
        _state.Stop();
    }

    private sealed class Peer(string silo)
    {
        public string Silo { get; } = silo;

        /// <summary>The life that last spoke.</summary>
        public ReplicaLife Life { get; set; }
    }
}
