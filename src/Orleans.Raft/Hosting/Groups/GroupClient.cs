using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>
/// A silo's client of one group. Gathers commands into batches for the leader it believes in, and sends what is unanswered again, under the same
/// sequence numbers, as soon as it hears of another leader; it never waits for a call to fail (SAFETY-RULES A3, B6).
/// </summary>
internal sealed partial class GroupClient : IGroupClientPort
{
    private readonly Lock _gate = new();
    private readonly RaftGroupId _group;
    private readonly GroupClientSettings _settings;
    private readonly IGroupRoutes _routes;
    private readonly IReplicaScheduler _scheduler;
    private readonly IReplicaClock _clock;

    // Commands not under way, in the order in which they came; what is sent again goes before them.
    private readonly LinkedList<PendingCommand> _queue = new();

    // Commands with a number, answered by number. Their lowest is the low-water mark.
    private readonly Dictionary<long, PendingCommand> _numbered = [];

    // All commands in order of their deadline, which is the order in which they came.
    private readonly Queue<PendingCommand> _byDeadline = new();
    private readonly List<SentBatch> _batches = [];
    private int _waiting;
    private bool _isFlushPosted;

    // Why nothing can be done any more, or null.
    private string? _hopeless;

    private ReplicaId _leader;
    private long _leaderTerm;
    private int _nextGuess;
    private TimeSpan _notBefore;

    private long _session;
    private Guid _nonce;
    private long _nextSequence = 1;
    private long _lowWater = 1;
    private TimeSpan _registerAgainAt;

    private readonly Dictionary<long, OpenRead> _openReads = [];
    private readonly Queue<OpenRead> _waitingReads = new();
    private long _nextRead;

    public GroupClient(
        RaftGroupId group, GroupClientSettings settings, IGroupRoutes routes, IReplicaScheduler scheduler, IReplicaClock clock)
    {
        _group = group;
        _settings = settings;
        _routes = routes;
        _scheduler = scheduler;
        _clock = clock;
        _nextRead = settings.FirstRequest;
    }

    /// <summary>The leader it believes in; none while it knows of none.</summary>
    public ReplicaId Leader
    {
        get
        {
            lock (_gate)
            {
                return _leader;
            }
        }
    }

    /// <summary>Commands without an answer.</summary>
    public int WaitingCount => Volatile.Read(ref _waiting);

    /// <summary>Nothing waits, as in most groups at most times: no ticks are needed. Read from any thread.</summary>
    public bool IsIdle => _byDeadline.Count == 0 && _openReads.Count == 0 && _queue.Count == 0;

    /// <summary>Replicates a command and returns the state machine's answer.</summary>
    public Task<ReadOnlyMemory<byte>> ProposeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var pending = new PendingCommand(command, _clock.Now + _settings.Budget);
        lock (_gate)
        {
            RefuseIfHopeless_NeedsGate();
            if (_waiting >= _settings.MaxWaiting)
            {
                throw new RaftBusyException($"{_group}: {_waiting} commands of this silo wait already; the limit is {_settings.MaxWaiting}. Nothing was done; try later.");
            }

            _waiting++;
            _byDeadline.Enqueue(pending);
            _queue.AddLast(pending);
            _routes.NeedTicks();
            PostFlush_NeedsGate();
        }

        return cancellationToken.CanBeCanceled ? WithCancellationAsync(pending, cancellationToken) : pending.Answer.Task;
    }

    /// <summary>Time passes: deadlines, repeats, retries.</summary>
    public void OnTick()
    {
        if (IsIdle)
        {
            // What comes this moment has its first deadline later.
            return;
        }

        lock (_gate)
        {
            var now = _clock.Now;
            ExpireCommands_NeedsGate(now);
            for (var i = _batches.Count - 1; i >= 0; i--)
            {
                if (now >= _batches[i].ResendAt)
                {
                    Requeue_NeedsGate(_batches[i]);
                    ForgetLeader_NeedsGate();
                }
            }

            OnReadTick_NeedsGate(now);
            if ((_queue.Count > 0 || _waitingReads.Count > 0) && now >= _notBefore)
            {
                PostFlush_NeedsGate();
            }
        }
    }

    /// <inheritdoc/>
    public void OnLeader(ReplicaId leader, long term)
    {
        lock (_gate)
        {
            Believe_NeedsGate(leader, term);
        }
    }

    /// <inheritdoc/>
    public void OnRegistered(Guid nonce, long session)
    {
        lock (_gate)
        {
            if (_session == 0 && nonce == _nonce)
            {
                _session = session;
                PostFlush_NeedsGate();
            }
        }
    }

    /// <inheritdoc/>
    public void OnAnswer(long session, long sequence, bool isExpired, ReadOnlyMemory<byte> answer)
    {
        lock (_gate)
        {
            if (session != _session || !_numbered.Remove(sequence, out var command))
            {
                return;
            }

            Settle_NeedsGate(command);
            if (!isExpired)
            {
                Finish_NeedsGate(command, "done");
                command.Answer.TrySetResult(answer);
            }
            else
            {
                OnExpired_NeedsGate(command);
            }

            if (_queue.Count > 0)
            {
                PostFlush_NeedsGate();
            }
        }
    }

    /// <inheritdoc/>
    public void OnRefused(ReplicaId by, RefusalKind kind, ReplicaId leader, long term, RefusedCommands refused)
    {
        lock (_gate)
        {
            CountRefusals_NeedsGate(refused);
            for (var i = _batches.Count - 1; i >= 0; i--)
            {
                if (_batches[i].To == by)
                {
                    Requeue_NeedsGate(_batches[i]);
                }
            }

            _registerAgainAt = default;
            RetryReads_NeedsGate(by);
            if (kind == RefusalKind.Busy)
            {
                _notBefore = _clock.Now + _settings.RetryAfter;
                return;
            }

            if (leader == by || leader.IsNone)
            {
                leader = ReplicaId.None;
            }

            Believe_NeedsGate(leader, term);
            if (_leader == by || _leader.IsNone)
            {
                // Without anybody to go to, asking the next one at once would go round as fast as the network allows until there is a leader.
                ForgetLeader_NeedsGate();
            }
        }
    }

    private void Believe_NeedsGate(ReplicaId leader, long term)
    {
        if (term < _leaderTerm || (term == _leaderTerm && leader == _leader))
        {
            return;
        }

        if (leader.IsNone)
        {
            if (term > _leaderTerm)
            {
                // An election goes on; what was sent to the former leader may still be answered, so it stays until a new one is known.
                _leader = ReplicaId.None;
                _leaderTerm = term;
            }

            return;
        }

        _leader = leader;
        _leaderTerm = term;
        _notBefore = default;
        _registerAgainAt = default;
        for (var i = _batches.Count - 1; i >= 0; i--)
        {
            if (_batches[i].To != leader || _batches[i].Term < term)
            {
                Requeue_NeedsGate(_batches[i]);
            }
        }

        MoveReads_NeedsGate();
        PostFlush_NeedsGate();
    }

    private void ForgetLeader_NeedsGate()
    {
        _leader = ReplicaId.None;
        _notBefore = _clock.Now + _settings.RetryAfter;
    }

    private void PostFlush_NeedsGate()
    {
        if (!_isFlushPosted)
        {
            _isFlushPosted = true;
            _scheduler.Post(static client => ((GroupClient)client!).Flush(), this);
        }
    }

    // Whom to ask: the believed leader; else the silo's own replica, which will say; else each in turn.
    private ReplicaId Target_NeedsGate()
    {
        if (!_leader.IsNone)
        {
            return _leader;
        }

        var replicas = _routes.Replicas;
        return replicas.Count == 0 ? ReplicaId.None : replicas[_nextGuess++ % replicas.Count];
    }
}
