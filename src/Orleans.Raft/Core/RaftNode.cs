using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>
/// One replica of one Raft group as a value machine: inputs are verbs and messages, output is <see cref="Ready"/>. It does no I/O, knows no clock
/// and no thread; calls must not overlap. It decides as etcd's raft library does, but for what docs/divergence.md lists.
/// </summary>
/// <remarks>No exception leaves it for a protocol outcome: what cannot be done is refused with a reason, and a broken invariant makes it <see cref="IsFaulted"/>.</remarks>
[Experimental("ORLEANSRAFT001")]
public sealed partial class RaftNode : RaftNode.ITestHooks
{
    private const int MaxKeptTraces = 1_024;

    private static readonly TimeSpan LongestPromise = TimeSpan.FromDays(1);

    // All state is here; the other files hold behaviour, by concern. What must survive a restart is in Ready.HardState and the log, everything else is lost
    // with the process and found again (Raft figure 2).
    private readonly RaftConfig _config;
    private readonly RaftLog _log = null!;
    private readonly ProgressTracker _tracker;
    private readonly ReadRounds _reads = new();
    private readonly MessagePool _pool = new();
    private readonly InputRing _inputs = new();
    private readonly Entry[] _oneEntry = new Entry[1];

    // Null unless somebody wants to know; then decisions not yet taken, and what was told last of what is told by its changes.
    private readonly Queue<TraceEvent>? _trace;
    private ReplicaId _tracedLeader;
    private long _tracedCommit;

    // Messages for the next Ready: those that may leave at once, and those that wait until what was decided before them is durable.
    private readonly List<Message> _afterAppend = [];
    private readonly List<Message> _stepsOnAdvance = [];
    private readonly List<ReadState> _readStates = [];
    private List<Message> _messages = [];

    // One Ready for all: it is a view. What it said last is what changes are told against.
    private readonly Ready _ready = new();
    private SoftState _readySoftState;
    private HardState _readyHardState;

    // Synchronous mode: the host owes an Advance. A second Ready before it would hand out the same work twice.
    private bool _isAdvancePending;

    // Part of the state, not shared: a replay of one node gives the same timeouts whatever the others do.
    private ElectionJitter _jitter;
    private RaftFault? _fault;

    // Latest monotonic time the host has told; moves forward only.
    private TimeSpan _now;
    private bool _hasStarted;

    // No vote and no campaign of its own before this time (A14): it was told to a leader, or the replica may have told so before it restarted.
    private TimeSpan _promisedUntil;

    // Who has this replica's vote in the term. Durable before anybody hears of it, and never another one in the same term (Raft §5.2).
    private ReplicaId _vote;

    // Who has spoken as leader in this term. There is one at most (Raft §5.2), also after it was forgotten.
    private ReplicaId _provenLeader;

    // Ticks. On a leader the first counts to the next quorum check and to the end of a transfer, elsewhere to a campaign.
    private int _electionElapsed;
    private int _heartbeatElapsed;
    private int _electionTimeout;

    // Leader only. Who leadership is being handed to; whether anybody was told to campaign in this term, which ends leases for good.
    private ReplicaId _transferee;
    private bool _hasSentTimeoutNow;

    // Leader only. Index of the latest configuration change in the log; no other one is proposed before it is applied.
    private long _pendingConfIndex;

    // Leader only. Index of its first entry; once that is committed it knows what is committed. The term of the committed entry would not tell:
    // a first snapshot may carry the first leader's term.
    private long _ownFirstIndex;

    // Leader only, with CoalesceAppends: something is to be sent, and its own entries are to be acknowledged, when the next Ready is taken.
    private bool _isBroadcastDue;
    private bool _isOwnAckDue;

    // Leader only. Payload bytes appended in this term and not yet applied.
    private long _uncommittedSize;

    /// <summary>Starts a replica from its durable state. A log that contradicts itself makes it faulted.</summary>
    /// <param name="config">Settings.</param>
    /// <param name="log">Durable log; read synchronously, from inside the verbs.</param>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public RaftNode(RaftConfig config, ILogReader log)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(log);
        config.Validate();
        _config = config;
        _jitter = new ElectionJitter(ElectionJitter.Mix(config.ElectionSeed, config.Id));
        _tracker = new ProgressTracker(config.MaxInflightMessages, config.MaxInflightBytes);
        _trace = config.IsTraced ? new Queue<TraceEvent>() : null;
        try
        {
            _log = new RaftLog(log, MaxApplyingSize(config));
            Recover(log);
        }
        catch (Exception exception)
        {
            // Etcd panics here. A process with thousands of groups starts, shows which one is damaged and why, and serves the others.
            Fail(exception);
        }
    }

    /// <summary>This replica.</summary>
    public ReplicaId Id => _config.Id;

    /// <summary>Its role.</summary>
    public RaftRole Role { get; private set; }

    /// <summary>Latest term seen.</summary>
    public long Term { get; private set; }

    /// <summary>The leader of <see cref="Term"/>, if known.</summary>
    public ReplicaId Leader { get; private set; }

    /// <summary>True once an invariant broke; from then on every verb is refused.</summary>
    public bool IsFaulted => _fault is not null;

    /// <summary>Why it faulted, with evidence.</summary>
    public RaftFault? Fault => _fault;

    /// <summary>Highest index known to be committed.</summary>
    public long Committed => _log?.Committed ?? 0;

    /// <summary>Highest index reported as applied.</summary>
    public long Applied => _log?.Applied ?? 0;

    /// <summary>Last index of the log.</summary>
    public long LastIndex => _log?.LastIndex ?? 0;

    void ITestHooks.AssertInvariants() => Sweep();

    int ITestHooks.ElectionTimeout
    {
        get => _electionTimeout;
        set => _electionTimeout = value;
    }

    MembershipConfig ITestHooks.Membership => _tracker.Config;

    ReadOnlySpan<PeerProgress> ITestHooks.Peers => _tracker.Peers;

    bool ITestHooks.HasLeaseAt(TimeSpan now) => Role is RaftRole.Leader && HasLeaseAt(now);

    // In synchronous mode the host stores what a Ready holds before it applies anything of it, so what is committed may be in the same Ready.
    private bool AppliesUnstable => !_config.AsyncStorageWrites;

    private bool HasPromised => _now < _promisedUntil;

    private HardState CurrentHardState => new(Term, _vote, _log.Committed);

    private SoftState CurrentSoftState => new(Leader, Role);

    /// <summary>Copy of what is worth knowing.</summary>
    public RaftStatus Status()
    {
        var peers = Array.Empty<PeerStatus>();
        if (Role is RaftRole.Leader)
        {
            peers = new PeerStatus[_tracker.Count];
            for (var i = 0; i < peers.Length; i++)
            {
                peers[i] = _tracker.At(i).Status();
            }
        }

        return new RaftStatus(
            Id,
            new HardState(Term, _vote, Committed),
            new SoftState(Leader, Role),
            Applied,
            LastIndex,
            _transferee,
            _tracker.ConfState(),
            peers,
            _fault);
    }

    /// <inheritdoc/>
    public override string ToString() => IsFaulted
        ? $"replica={Id} faulted: {_fault!.Message}"
        : $"replica={Id} {Role} term={Term} leader={Leader} {_log}";

    // 0 means as a message's limit, and that may be 0 as well: one entry at a time. A limit of none would mean no entry ever.
    private static long MaxApplyingSize(RaftConfig config) =>
        config.MaxCommittedSizePerReady == 0 ? Math.Max(1, config.MaxSizePerMessage) : config.MaxCommittedSizePerReady;

    /// <summary>What tests may see and turn.</summary>
    internal interface ITestHooks
    {
        /// <summary>The drawn election timeout, until the next change of role.</summary>
        int ElectionTimeout { get; set; }

        /// <summary>Looks at everything; throws what is broken.</summary>
        void AssertInvariants();

        /// <summary>The configuration in force.</summary>
        MembershipConfig Membership { get; }

        /// <summary>What this replica believes of everybody in the configuration, if it leads; without the copy that <see cref="Status"/> makes.</summary>
        ReadOnlySpan<PeerProgress> Peers { get; }

        /// <summary>True if it leads and would answer a read by its lease at that time.</summary>
        bool HasLeaseAt(TimeSpan now);
    }
}
