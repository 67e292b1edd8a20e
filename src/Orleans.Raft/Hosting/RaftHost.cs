using System.Collections.Frozen;
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

    /// <summary>The last stage in which the silo is still active when it stops.</summary>
    private const int HandOverStage = ServiceLifecycleStage.Active + 1;

    private readonly IServiceProvider _services;
    private readonly RaftOptions _options;
    private readonly ILocalSiloDetails _silo;
    private readonly SiloDirectory _silos;
    private readonly TimeProvider _time;
    private readonly SystemClock _clock;
    private readonly ILogger<RaftHost> _logger;
    private readonly string _serviceId;

    private ILogStore? _store;
    private FrozenDictionary<RaftGroupId, GroupRuntime> _groups = FrozenDictionary<RaftGroupId, GroupRuntime>.Empty;
    private GroupRuntime[][] _slots = [];
    private IReplicaScheduler _endpoint = new UnstartedScheduler();
    private LaneHub? _lanes;
    private RaftTicker? _ticker;
    private volatile bool _isActive;

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
        _logger = logger;
        Groups = new RaftGroupFactory(this);
    }

    /// <summary>This silo's stable name.</summary>
    public string Silo => _silo.Name;

    /// <summary>Handles of groups.</summary>
    public RaftGroupFactory Groups { get; }

    /// <summary>How long a request may take.</summary>
    public TimeSpan RequestTimeout => _options.RequestTimeout;

    /// <summary>All groups, once open.</summary>
    public IReadOnlyCollection<GroupRuntime> Runtimes => _groups.Values;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle observer)
    {
        observer.Subscribe(nameof(RaftHost), OpenStage, OpenAsync, CloseAsync);
        observer.Subscribe(nameof(RaftHost), ServiceLifecycleStage.Active, OnActiveAsync);
        observer.Subscribe(nameof(RaftHost), HandOverStage, static _ => Task.CompletedTask, HandOverAsync);
    }

    /// <summary>What this silo has of a group.</summary>
    public GroupRuntime Find(RaftGroupId id)
    {
        if (_groups.TryGetValue(id, out var runtime))
        {
            return runtime;
        }

        throw new RaftException(_store is null
            ? $"{id}: Raft is not open yet on the silo {Silo}; it opens before the silo joins."
            : $"{id}: no such group. Families of this silo: {string.Join(", ", _groups.Keys.Select(key => key.Name).Distinct())}. Register it with AddRaftGroup on every silo.");
    }

    /// <summary>The endpoint answers from now on, and so do the replicas.</summary>
    public void StartOn(IReplicaScheduler endpoint)
    {
        _endpoint = endpoint;
        foreach (var runtime in _groups.Values)
        {
            runtime.Replica?.MoveTo(endpoint);
        }

        _lanes = new LaneHub(LaneSettings(), new GrainCallTransport(_services.GetRequiredService<RaftEndpointClient>(), _silos), endpoint, _clock, this, this);
        foreach (var peer in _groups.Values.SelectMany(runtime => runtime.Descriptor.Members).Select(member => member.Silo).Distinct())
        {
            if (!string.Equals(peer, Silo, StringComparison.Ordinal))
            {
                _lanes.To(peer);
            }
        }

        _ticker = new RaftTicker(_time, _options.TickInterval, OnSlot);
    }

    /// <summary>A grain takes its replica over.</summary>
    public void Adopt(RaftGroupId group, IReplicaScheduler scheduler)
    {
        Find(group).Replica?.MoveTo(scheduler);
        LogAdopted(_logger, group, Silo, "adopted by its grain");
    }

    /// <summary>A grain gives its replica back.</summary>
    public void GiveBack(RaftGroupId group, IReplicaScheduler scheduler)
    {
        Find(group).Replica?.MoveBack(scheduler, _endpoint);
        LogAdopted(_logger, group, Silo, "given back by its grain");
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        var factory = _options.InMemory ? new MemoryLogStoreFactory() : _services.GetRequiredService<ILogStoreFactory>();
        var directory = _options.DataDirectory ?? Path.Combine("raft-data", Silo);
        var store = await factory.OpenAsync(new LogStoreSettings(directory, _serviceId, Silo), cancellationToken);
        _store = store;
        IReadOnlyList<string> initial = _options.InitialSilos.Count == 0 ? [Silo] : [.. _options.InitialSilos];
        var runtimes = new Dictionary<RaftGroupId, GroupRuntime>();
        foreach (var family in _services.GetServices<RaftGroupFamily>())
        {
            foreach (var descriptor in ConfiguredGroups.Family(_serviceId, initial, family.Name, family.Options.Groups, family.Options.ReplicationFactor))
            {
                var runtime = new GroupRuntime(descriptor, ClientSettings(), this, store.Identity, new PoolScheduler(), _clock);
                runtimes.Add(descriptor.Id, runtime);
            }
        }

        await OpenReplicasAsync(store, runtimes, cancellationToken);
        _groups = runtimes.ToFrozenDictionary();
        _slots = [.. Enumerable.Range(0, RaftTicker.Slots).Select(slot => runtimes.Values.Where((_, i) => i % RaftTicker.Slots == slot).ToArray())];
        LogOpened(_logger, Silo, store.Identity, _groups.Count, _groups.Values.Count(runtime => runtime.Replica is not null));
    }

    private async Task OpenReplicasAsync(ILogStore store, Dictionary<RaftGroupId, GroupRuntime> runtimes, CancellationToken cancellationToken)
    {
        var families = _services.GetServices<RaftGroupFamily>().ToDictionary(family => family.Name, StringComparer.Ordinal);
        var births = new WriteBatch();
        var logs = new List<(GroupRuntime Runtime, GroupLog Log)>();
        foreach (var runtime in runtimes.Values.Where(runtime => !runtime.Local.IsNone))
        {
            var log = await store.OpenAsync(runtime.Descriptor.Id, cancellationToken);
            logs.Add((runtime, log));
            if (log.Reader.LastIndex == 0 && log.Reader.InitialState.ConfState.Voters.IsEmpty)
            {
                births.SetConfState(log, ConfState.Of(runtime.Descriptor.Members.Select(member => member.Replica)));
            }
        }

        if (!births.IsEmpty)
        {
            await store.WriteAsync(births);
        }

        foreach (var (runtime, log) in logs)
        {
            var machine = families[runtime.Descriptor.Id.Name].Create(_services, runtime.Descriptor.Id);
            var settings = new ReplicaSettings
            {
                Group = runtime.Descriptor,
                Node = NodeConfig(runtime.Local),
                Silo = Silo,
                Life = store.Identity,
                Store = store,
                Log = log,
                StateMachine = machine,
                FirstReadContext = RandomNumber(),
                ReadPatienceTicks = _options.ElectionTicks,
            };
            runtime.Replica = new Replica(settings, this, _clock, _endpoint, runtime.Client, _logger);
        }
    }

    private RaftConfig NodeConfig(ReplicaId id) => new()
    {
        Id = id,
        ElectionTicks = _options.ElectionTicks,
        HeartbeatTicks = _options.HeartbeatTicks,
        ElectionSeed = (ulong)RandomNumber(),
        MaxSizePerMessage = _options.MaxEntryBytes,
        MaxCommittedSizePerReady = 4L * _options.MaxEntryBytes,
        MaxUncommittedSize = 4L * _options.LaneWindowBytes,
        MaxInflightMessages = 256,
        MaxInflightBytes = _options.LaneWindowBytes / 2,
        PreVote = _options.PreVote,
        CheckQuorum = _options.CheckQuorum,
        AsyncStorageWrites = true,
        VoteRequestsWaitForDisk = true,
        StepDownOnRemoval = true,
        DisableProposalForwarding = true,
        RefuseConfChanges = true,
    };

    private GroupClientSettings ClientSettings() => new()
    {
        Silo = Silo,
        Budget = _options.RequestTimeout,
        ResendAfter = _options.TickInterval * _options.ElectionTicks,
        RetryAfter = _options.TickInterval,
        MaxBatchBytes = _options.MaxEntryBytes,
        FirstRequest = RandomNumber() >> 1,
    };

    private LaneSettings LaneSettings() => new()
    {
        Header = new LaneHeader(
            LaneCodec.ProtocolVersion, Guid.Empty, Silo, _store!.Identity.StoreId, _store.Identity.OpenCounter, Guid.Empty, 0, 0, 0)
        {
            FromAddress = _silo.SiloAddress.ToParsableString(),
        },
        Deadline = _options.TickInterval * (_options.ElectionTicks / 2.0),
        BeatInterval = _options.TickInterval,
        MaxBatchBytes = _options.MaxEntryBytes,
        WindowBytes = _options.LaneWindowBytes,
    };

    private void OnSlot(int slot)
    {
        foreach (var runtime in _slots[slot])
        {
            runtime.Replica?.PostTick();
            runtime.Client.OnTick();
        }

        if (slot == 0)
        {
            _endpoint.Post(static host => ((RaftHost)host!)._lanes!.OnTick(), this);
            if (_isActive)
            {
                AskGrainsToAdopt();
            }
        }
    }

    private static long RandomNumber() => RandomNumberGenerator.GetInt32(int.MaxValue) * (1L << 31);

    private async Task CloseAsync(CancellationToken cancellationToken)
    {
        _ticker?.Dispose();
        foreach (var runtime in _groups.Values)
        {
            runtime.Replica?.MoveTo(new PoolScheduler());
            runtime.Replica?.PostStop();
        }

        await Task.WhenAll(_groups.Values.Where(runtime => runtime.Replica is not null).Select(runtime => runtime.Replica!.Stopped));
        if (_store is not null)
        {
            await _store.DisposeAsync();
            LogClosed(_logger, Silo);
        }
    }
}
