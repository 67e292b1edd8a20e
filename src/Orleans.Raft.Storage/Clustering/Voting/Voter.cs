using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>
/// One replica of the clustering group: birth, then the Ready loop with asynchronous storage writes. Everything that drives it is posted to
/// one loop; what other threads may read is in <see cref="Published"/>.
/// </summary>
internal sealed partial class Voter : ITransportHandler, ITableServer, IAsyncDisposable
{
    // Messages of peers and requests that wait for the loop; more are dropped or told to come back. Own completions are never dropped.
    private const int MaxQueued = 4096;
    private const int MaxRequests = 2048;

    // Between the turns of two voters that seek a first leader: pre-vote, vote and its write fit in.
    private const int SeekTicks = 3;
    private static readonly TimeSpan HandOverTime = TimeSpan.FromSeconds(1);

    private readonly VoterSettings _settings;
    private readonly VoterStore _store;
    private readonly LinkSet _links;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Birth _birth;
    private readonly Channel<Action> _mailbox = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stopping = new();
    private readonly long _startedAt;
    private readonly ConcurrentDictionary<Guid, VoterBinding> _latestOpenings = new();
    private int _queued;
    private int _requests;
    private int _pendingTicks;
    private Task _running = Task.CompletedTask;
    private volatile Published? _published;
    private volatile string _trouble = "";

    // Below: the loop's own.
    private RaftNode? _node;
    private TableState _state = null!;
    private ConfState _confState = ConfState.Empty;
    private Task _writes = Task.CompletedTask;
    private long _lastSnapshot;
    private long _ticks;
    private long _lastAnnounced;
    private long _campaignAt;
    private bool _isSeekingLeader = true;
    private long _termAtStart;
    private long _seekFrom;
    private readonly Dictionary<long, string> _routes = [];
    private readonly SortedDictionary<long, Proposal> _proposals = [];
    private readonly List<ReadRound> _reads = [];
    private ReadRound? _openRound;
    private long _nextContext;
    private readonly Dictionary<string, long> _alive = new(StringComparer.Ordinal);
    private bool _hasNewAlive;
    private TimeSpan? _aliveLogged;

    public Voter(VoterSettings settings, VoterStore store, LinkSet links, TimeProvider time, ILogger logger)
    {
        _settings = settings;
        _store = store;
        _links = links;
        _time = time;
        _logger = logger;
        _birth = new Birth(settings, store.Identity, links, time, logger);
        _startedAt = time.GetTimestamp();

        _lastAnnounced = -2 * settings.HeartbeatTicks;

        // Contexts of an earlier life must not meet those of this one (A8).
        _nextContext = Random.Shared.NextInt64(1, long.MaxValue / 2);
    }

    /// <inheritdoc/>
    public string Name => _settings.Name;

    /// <summary>What this process says of itself in handshakes.</summary>
    public PeerIdentity Self => new(
        Name, _store.Identity.StoreId, _store.Identity.OpenCounter, _published?.Incarnation ?? _store.Metadata?.Incarnation ?? default, _store.Life);

    /// <summary>Why it takes no part in the group; empty while it does.</summary>
    public string Trouble => _trouble.Length > 0 ? _trouble : _published is null ? _birth.Waiting : "";

    /// <summary>The latest view, for status; null before the replica runs.</summary>
    public Published? Latest => _published;

    private TimeSpan Now => _time.GetElapsedTime(_startedAt);

    /// <summary>Starts: to be born where it is fresh, to run where it is not.</summary>
    public void Start() => _running = Task.Run(RunAsync);

    /// <summary>Hands leadership over, then stops the loop and waits for its writes. The store stays open.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_published is not null)
        {
            await HandOverAsync().ConfigureAwait(false);
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        _mailbox.Writer.TryComplete();
        await _running.ConfigureAwait(false);
        await _writes.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            if (_store.Metadata is null)
            {
                await BecomeBornAsync().ConfigureAwait(false);
            }

            StartNode();
            var ticking = TickAsync();
            await LoopAsync().ConfigureAwait(false);
            await ticking.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Stopped while it waited to be born.
        }
        catch (Exception failure)
        {
            Fault($"it stopped: {failure.Message}", failure);
        }
    }

    private async Task BecomeBornAsync()
    {
        var (metadata, genesis) = await _birth.DecideAsync(_stopping.Token).ConfigureAwait(false);
        if (genesis is null)
        {
            await _store.WriteAddedAsync(metadata).ConfigureAwait(false);
        }
        else
        {
            var voters = genesis.View.Voters.Values.Select(static voter => voter.Replica);
            await _store.WriteGenesisAsync(metadata, genesis, ConfState.Of(voters)).ConfigureAwait(false);
        }
    }

    private void StartNode()
    {
        var metadata = _store.Metadata!;
        _state = _store.ReadState() ?? TableState.Nothing(metadata.Incarnation, _settings.Cluster);
        if (_state.Incarnation != metadata.Incarnation || _state.Cluster != _settings.Cluster)
        {
            throw new InvalidOperationException(
                $"the store holds group {_state.Incarnation} of cluster '{_state.Cluster}'; expected {metadata.Incarnation} of '{_settings.Cluster}'. "
                + "ClusterId must not change with the data directory kept.");
        }

        _confState = _store.Log.InitialState.ConfState;
        _lastSnapshot = _state.Applied;
        _node = new RaftNode(
            new RaftConfig
            {
                Id = metadata.Replica,
                Applied = _state.Applied,
                ElectionTicks = _settings.ElectionTicks,
                HeartbeatTicks = _settings.HeartbeatTicks,
                ElectionSeed = unchecked((ulong)Random.Shared.NextInt64()),
                PreVote = true,
                CheckQuorum = true,
                AsyncStorageWrites = true,
                VoteRequestsWaitForDisk = true,
                ExplainRefusals = true,
                StepDownOnRemoval = true,
                DisableProposalForwarding = true,
                RefuseConfChanges = true,
                CoalesceAppends = true,
                MaxSizePerMessage = 1 << 20,
                MaxInflightMessages = 64,
                MaxUncommittedSize = 16 << 20,
            },
            new VoterLog(_store.Log, TakeSnapshot));
        _termAtStart = _node.Term;
        Publish();
        LogStarted(Name, metadata.Replica, _node.Term, _store.Identity.ToString(), _state.Applied);
        if (_settings.Voters.Count == 1)
        {
            _campaignAt = 1;
        }
    }

    private async Task LoopAsync()
    {
        Drain();
        while (await _mailbox.Reader.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            while (_mailbox.Reader.TryRead(out var work))
            {
                work();
            }

            Drain();
        }

        FailRequests("the silo is stopping");
    }

    private async Task TickAsync()
    {
        using var timer = new PeriodicTimer(_settings.Tick, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
            {
                // After a stall ticks don't come in a storm: nobody could have heard a leader meanwhile.
                if (Volatile.Read(ref _pendingTicks) < _settings.ElectionTicks / 2)
                {
                    Interlocked.Increment(ref _pendingTicks);
                    Post(OnTick);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private void Post(Action work) => _mailbox.Writer.TryWrite(work);

    private void OnTick()
    {
        Interlocked.Decrement(ref _pendingTicks);
        if (_node is not { IsFaulted: false } node)
        {
            return;
        }

        _ticks++;
        if (node.Leader.IsNone && (_campaignAt == _ticks || IsTurnToSeekLeader(node)))
        {
            node.Campaign(Now);
        }

        node.Tick(Now);
        GiveUpOldReads();
        LogAliveTimes();
        AnnounceStart();
    }

    /// <summary>
    /// After a start nobody waits for a timeout once a majority is connected: voters ask for votes in turn, until somebody leads or one of them has won its pre-votes.
    /// Pre-votes disturb no leader; what follows them is left to the timeouts.
    /// </summary>
    private bool IsTurnToSeekLeader(RaftNode node)
    {
        _isSeekingLeader &= node.Term == _termAtStart;
        var voters = _state.View.Voters.Keys.ToList();
        var place = voters.IndexOf(node.Id.Value);
        return _isSeekingLeader && place >= 0 && _ticks >= _seekFrom && _ticks % (SeekTicks * voters.Count) == SeekTicks * place
            && 2 * voters.Count(voter => voter == node.Id.Value || IsConnected(new ReplicaId(voter))) > voters.Count;
    }

    /// <summary>Stops taking part, for good: the evidence stays, the others go on.</summary>
    private void Fault(string reason, Exception? failure = null)
    {
        if (_trouble.Length == 0)
        {
            _trouble = $"Voter {Name} of the clustering group has stopped: {reason}";
            LogFaulted(failure, Name, _node?.Id ?? default, _node?.Term ?? 0, reason);
        }

        _node = null;
        FailRequests(_trouble);
    }

    private async Task HandOverAsync()
    {
        var asked = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() => asked.TrySetResult(TryHandOver()));
        using var deadline = new CancellationTokenSource(HandOverTime, _time);
        try
        {
            if (!await asked.Task.WaitAsync(deadline.Token).ConfigureAwait(false))
            {
                return;
            }

            while (_published!.IsLeader)
            {
                await Task.Delay(_settings.Tick, _time, deadline.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody took over in time; the others will notice and elect.
        }
    }

    private bool TryHandOver()
    {
        if (_node is not { Role: RaftRole.Leader } node)
        {
            return false;
        }

        var target = node.Status().Peers.Where(peer => peer.Id != node.Id && IsConnected(peer.Id)).OrderByDescending(static peer => peer.Match)
            .FirstOrDefault();
        return target.Match > 0 && node.TransferLeadership(target.Id, Now).IsAccepted;
    }

    /// <summary>What other threads may see.</summary>
    /// <param name="Incarnation">The group.</param>
    /// <param name="Replica">This replica.</param>
    /// <param name="View">The table as applied here.</param>
    /// <param name="Applied">Up to which index.</param>
    /// <param name="IsLeader">Whether it leads.</param>
    /// <param name="HasLeader">Whether it knows who leads.</param>
    internal sealed record Published(Guid Incarnation, ReplicaId Replica, TableView View, long Applied, bool IsLeader, bool HasLeader);

    [LoggerMessage(Level = LogLevel.Information, Message = "Clustering voter {Voter} runs as replica {Replica} in term {Term}, store {Store}, applied {Applied}.")]
    private partial void LogStarted(string voter, ReplicaId replica, long term, string store, long applied);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Clustering voter {Voter}, replica {Replica}, term {Term} takes no part any more: {Reason}")]
    private partial void LogFaulted(Exception? failure, string voter, ReplicaId replica, long term, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Clustering voter {Voter}, replica {Replica}, term {Term}: {Role}, leader {Leader}.")]
    private partial void LogRole(string voter, ReplicaId replica, long term, RaftRole role, string leader);
}
