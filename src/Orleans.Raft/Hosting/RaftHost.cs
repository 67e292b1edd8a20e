using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;
using Orleans.Runtime;

namespace Orleans.Raft.Hosting;

/// <summary>
/// All that a silo has of Raft: its store, lanes, groups and replicas. Replicas belong to it, not to their grains, since Raft must answer before
/// the silo's first grain and after its last (SAFETY-RULES B1, B12).
/// </summary>
internal sealed partial class RaftHost : ILifecycleParticipant<ISiloLifecycle>
{
    /// <summary>Before the endpoint answers (8000) and after the silo's services are there.</summary>
    private const int OpenStage = ServiceLifecycleStage.RuntimeGrainServices - 500;

    /// <summary>Starting: the silo's row is there, so others show, and it is not active yet, so it can still refuse. Stopping: its last grain is gone.</summary>
    private const int CheckStage = ServiceLifecycleStage.BecomeActive - 10;

    /// <summary>The last stage in which the silo is still active when it stops.</summary>
    private const int HandOverStage = ServiceLifecycleStage.Active + 1;

    private readonly IServiceProvider _services;
    private readonly RaftOptions _options;
    private readonly ILocalSiloDetails _silo;
    private readonly SiloDirectory _silos;
    private readonly TimeProvider _time;
    private readonly SystemClock _clock;

    // Made once: each replica would have its own.
    private readonly Func<string, bool> _isTransferTarget;
    private readonly Func<string, bool> _isAlive;
    private readonly ILogger<RaftHost> _logger;
    private readonly string _serviceId;
    private readonly RaftMetrics _metrics;
    private readonly DropLog _dropLog;

    private readonly ConcurrentDictionary<RaftGroupId, GroupRuntime> _groups = new();
    private readonly ConcurrentDictionary<string, GroupClientSettings> _clientSettings = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private readonly TickSlot[] _slots = [.. Enumerable.Range(0, RaftTicker.Slots).Select(static _ => new TickSlot())];
    private ILogStore? _store;
    private IReplicaScheduler _endpoint = new UnstartedScheduler();
    private volatile LaneHub? _lanes;
    private RaftTicker? _ticker;
    private Task _following = Task.CompletedTask;
    private volatile bool _isActive;
    private volatile SiloPhase _phase;

    // Silos that have been silent for an election timeout, as groups were told; used by the ticker alone.
    private readonly HashSet<string> _lost = new(StringComparer.Ordinal);

    // While the disk hangs: when its leaders are asked again to hand over.
    private TimeSpan _handOverAgainAt;

    private readonly Guid _processLife = Guid.NewGuid();
    private BirthClerk? _clerk;
    private volatile Genesis? _genesis;
    private MetaRecord? _metaRecord;
    private GroupLog? _metaLog;
    private MetaMachine? _meta;
    private TaskCompletionSource _catalogChanged = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Catalog? _fetched;
    private volatile bool _hasCatalog;
    private volatile string _waitsFor = "its endpoint is not open yet";
    private bool _isAnnounced;
    private volatile bool _isChecked;
    private bool _hasSeenItself;
    private bool _hadReplicas;
    private string? _refusal;
    private int _round;
    private readonly long _startedAt;

    // Placements that this silo has followed, and those that the groups which it leads have reached.
    private readonly Dictionary<RaftGroupId, GroupPlacement> _followed = [];
    private readonly Dictionary<RaftGroupId, GroupPlacement> _reachedPlacements = [];
    private Task _stewarding = Task.CompletedTask;

    // The catalog that was looked at last, and the groups of which it makes this silo the first choice; used by the balancer alone.
    private LeaderPlanOf? _leaderPlan;
    private Task _balancing = Task.CompletedTask;

    private IStateStore? _stateStore;
    private Task _compacting = Task.CompletedTask;

    // Without a state store on disk, states are rebuilt from their logs at every start, and logs on disk are never cut.
    private bool _mayCompact;
    private int _compactions;

    private readonly HashSet<string> _compared = new(StringComparer.Ordinal);

    // Some replica may run on the endpoint's scheduler although its grain could have it.
    private volatile bool _isAdoptionDue;
    private long _lastAdoption;
    private int _isAdopting;

    private readonly Dictionary<string, RaftGroupFamily> _families;
    private readonly ConcurrentDictionary<string, CatalogFamily> _known = new(StringComparer.Ordinal);
    private readonly Lock _slotGate = new();
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<string, bool> _reached = new(StringComparer.Ordinal);

    // Which process of a silo speaks on its lane; used on the endpoint's scheduler alone.
    private readonly Dictionary<string, Guid> _speakers = new(StringComparer.Ordinal);

    public RaftHost(
        IServiceProvider services,
        IOptions<RaftOptions> options,
        IOptions<ClusterOptions> cluster,
        ILocalSiloDetails silo,
        SiloDirectory silos,
        TimeProvider time,
        ILogger<RaftHost> logger)
    {
        _services = services;
        _options = options.Value;
        _serviceId = cluster.Value.ServiceId;
        _silo = silo;
        _silos = silos;
        _time = time;
        _clock = new SystemClock(time);
        _isTransferTarget = IsTransferTarget;
        _isAlive = IsAlive;
        _logger = logger;
        _metrics = new RaftMetrics(services.GetRequiredService<IMeterFactory>().Create(RaftMetrics.Name));
        _dropLog = new DropLog(_clock);
        _families = services.GetServices<RaftGroupFamily>().ToDictionary(family => family.Name, StringComparer.Ordinal);
        _startedAt = time.GetTimestamp();
        Groups = new RaftGroupFactory(this);
        ShowFigures();
    }

    /// <summary>This silo's stable name.</summary>
    public string Silo => _silo.Name;

    /// <summary>Handles of groups.</summary>
    public RaftGroupFactory Groups { get; }

    /// <summary>How long a request may take.</summary>
    public TimeSpan RequestTimeout => _options.RequestTimeout;

    /// <summary>How long a request to a family's groups may take.</summary>
    public TimeSpan RequestTimeoutOf(string family) =>
        _families.TryGetValue(family, out var registered) ? registered.Options.RequestTimeout ?? RequestTimeout : RequestTimeout;

    private RaftReadMode ReadModeOf(string family) =>
        _families.TryGetValue(family, out var registered) ? registered.Options.ReadMode ?? _options.ReadMode : _options.ReadMode;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle observer)
    {
        observer.Subscribe(nameof(RaftHost), OpenStage, OpenAsync, CloseAsync);
        observer.Subscribe(nameof(RaftHost), CheckStage, CheckClusterAsync, DrainAsync);
        observer.Subscribe(nameof(RaftHost), ServiceLifecycleStage.Active, OnActiveAsync);
        observer.Subscribe(nameof(RaftHost), HandOverStage, static _ => Task.CompletedTask, HandOverAsync);
    }

    /// <summary>The endpoint answers from now on, and so do the replicas.</summary>
    public void StartOn(IReplicaScheduler endpoint)
    {
        var unstarted = _endpoint as UnstartedScheduler;
        _endpoint = endpoint;
        foreach (var runtime in _groups.Values)
        {
            runtime.Replica?.MoveTo(endpoint);
        }

        unstarted?.GoOnWith(endpoint);
        if (_genesis is { } genesis)
        {
            OpenLanes(genesis);
        }

        _ticker = new RaftTicker(_time, _options.TickInterval, OnSlot);
        _following = FollowAsync(_stopping.Token);
        _compacting = CompactAsync(_stopping.Token);
        _stewarding = StewardAsync(_stopping.Token);
        _balancing = BalanceAsync(_stopping.Token);
    }

    /// <summary>A grain takes its replica over.</summary>
    public void Adopt(RaftGroupId group, IReplicaScheduler scheduler)
    {
        if (_groups.TryGetValue(group, out var runtime))
        {
            runtime.Replica?.MoveTo(scheduler);
        }

        LogAdopted(_logger, group, Silo, "adopted by its grain");
    }

    /// <summary>A grain gives its replica back.</summary>
    public void GiveBack(RaftGroupId group, IReplicaScheduler scheduler)
    {
        if (_groups.TryGetValue(group, out var runtime))
        {
            runtime.Replica?.MoveBack(scheduler, _endpoint);
        }

        _isAdoptionDue = true;

        LogAdopted(_logger, group, Silo, "given back by its grain");
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        var factory = _options.InMemory ? new MemoryLogStoreFactory() : _services.GetRequiredService<ILogStoreFactory>();
        var directory = _options.DataDirectory ?? Path.Combine("raft-data", Silo);
        var settings = new LogStoreSettings(directory, _serviceId, Silo);
        _store = await factory.OpenAsync(settings, cancellationToken);
        _store.Failed += OnStoreFailed;
        await OpenStateStoreAsync(settings, cancellationToken);
        _clerk = new BirthClerk(
            Silo,
            _silo.SiloAddress.ToParsableString(),
            _store.Identity,
            _serviceId,
            _options.InitialSilos,
            new EndpointPeers(_services.GetRequiredService<RaftEndpointClient>(), _silos, _services, _silo));
        await OpenKnownGroupsAsync(_store, cancellationToken);
        LogOpened(_logger, Silo, _store.Identity, _groups.Count, _groups.Values.Count(runtime => runtime.Replica is not null));
    }

    private RaftConfig NodeConfig(ReplicaId id, RaftReadMode readMode) => new()
    {
        Id = id,
        ElectionTicks = _options.ElectionTicks,
        HeartbeatTicks = _options.HeartbeatTicks,
        ElectionSeed = (ulong)RandomNumber(),
        MaxSizePerMessage = _options.MaxEntryBytes,
        MaxCommittedSizePerReady = 4L * _options.MaxEntryBytes,
        MaxUncommittedSize = 4L * _options.LaneWindowBytes,
        MaxInflightMessages = _options.MaxInflightAppends,
        MaxInflightBytes = _options.MaxInflightBytes,
        ReadOnlyOption = readMode == RaftReadMode.Lease ? ReadOnlyOption.LeaseBased : ReadOnlyOption.Safe,

        // No longer than a follower keeps still anyway, so that no election waits for it. In safe mode none is given, and a leader that was configured otherwise has no lease.
        VotePromise = readMode == RaftReadMode.Lease ? _options.TickInterval * _options.ElectionTicks : TimeSpan.Zero,
        PreVote = _options.PreVote,
        CheckQuorum = _options.CheckQuorum,
        AsyncStorageWrites = true,
        VoteRequestsWaitForDisk = true,
        ExplainRefusals = true,
        StepDownOnRemoval = true,
        DisableProposalForwarding = true,
        RefuseConfChanges = true,
        CoalesceAppends = true,
    };

    // One for all groups of a family: a silo has thousands of groups.
    private GroupClientSettings ClientSettings(string family) => _clientSettings.GetOrAdd(family, static (name, host) => host.NewClientSettings(name), this);

    private GroupClientSettings NewClientSettings(string family) => new()
    {
        Silo = Silo,
        Budget = RequestTimeoutOf(family),
        ResendAfter = _options.TickInterval * _options.ElectionTicks,
        RetryAfter = _options.TickInterval,
        MaxBatchBytes = _options.MaxEntryBytes,
        MaxWaiting = _options.MaxWaitingRequests,
        FirstRequest = RandomNumber() >> 1,
        Metrics = _metrics,
    };

    private LaneSettings LaneSettings(Guid cluster) => new()
    {
        Header = new LaneHeader(
            LaneCodec.ProtocolVersion, cluster, Silo, _store!.Identity.StoreId, _store.Identity.OpenCounter, Guid.Empty, 0, 0, 0)
        {
            FromAddress = _silo.SiloAddress.ToParsableString(),
            FromProcess = _processLife,
        },
        Deadline = _options.TickInterval * (_options.ElectionTicks / 2.0),
        BeatInterval = _options.TickInterval,
        MaxBatchBytes = _options.MaxEntryBytes,
        WindowBytes = _options.LaneWindowBytes,
        Metrics = _metrics,
    };

    private void OnSlot(int slot)
    {
        _slots[slot].Tick();
        if (slot == 0)
        {
            WatchDisk();
            WatchSilos();
            if (Phase != SiloPhase.Running)
            {
                GiveUpHopeless();
            }

            _endpoint.Post(static host => ((RaftHost)host!)._lanes?.OnTick(), this);
            if (_isActive)
            {
                AskGrainsToAdopt();
            }
        }
    }

    private static long RandomNumber() => RandomNumberGenerator.GetInt32(int.MaxValue) * (1L << 31);

    private async Task CloseAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _following;
        await _compacting;
        await _stewarding;
        await _balancing;
        _ticker?.Dispose();
        foreach (var runtime in _groups.Values)
        {
            runtime.Client.GiveUp($"the silo {Silo} has stopped");
            runtime.Replica?.MoveTo(new PoolScheduler());
            runtime.Replica?.PostStop();
        }

        await Task.WhenAll(_groups.Values.Where(runtime => runtime.Replica is not null).Select(runtime => runtime.Replica!.Stopped));
        try
        {
            if (_stateStore is not null)
            {
                await _stateStore.DisposeAsync();
            }
        }
        finally
        {
            // A state store that can't be closed is no reason to leave the log without its closing mark.
            if (_store is not null)
            {
                await _store.DisposeAsync();
                LogClosed(_logger, Silo);
            }
        }
    }
}
