using System.Collections.Concurrent;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>The groups of this silo: opened from its store, or made because the catalog says so.</content>
internal sealed partial class RaftHost
{
    /// <summary>Families of groups that the catalog knows.</summary>
    public IEnumerable<CatalogFamily> KnownFamilies => _known.Values;

    /// <summary>What this silo has of a group, if it knows the group already.</summary>
    public bool TryFind(RaftGroupId id, out GroupRuntime runtime) => _groups.TryGetValue(id, out runtime!);

    /// <summary>What this silo has of a group; waits, within the request budget, for the cluster's birth and the family's creation.</summary>
    public async Task<GroupRuntime> FindAsync(RaftGroupId id, CancellationToken cancellationToken)
    {
        var end = _clock.Now + RequestTimeoutOf(id.Name);
        while (true)
        {
            var grown = Volatile.Read(ref _grown).Task;
            if (TryFind(id, out var runtime))
            {
                return runtime;
            }

            // A family is known before all of its groups are open: those are waited for.
            var isKnown = _known.TryGetValue(id.Name, out var family);
            if (isKnown && id.Index >= family!.Groups)
            {
                throw new RaftException($"{id}: the family {family.Name} has {family.Groups} groups, numbered from 0.");
            }

            if (!isKnown && !_families.ContainsKey(id.Name) && _hasCatalog)
            {
                throw new RaftException(
                    $"{id}: no such family of groups. This silo has {string.Join(", ", _families.Keys)}; register others with AddRaftGroup on every silo.");
            }

            await WaitGrownAsync(grown, end, id.ToString(), cancellationToken);
        }
    }

    /// <summary>How many groups a family has: what was decided at its creation, whatever is configured now.</summary>
    public async ValueTask<int> CountGroupsAsync(string name, CancellationToken cancellationToken)
    {
        var end = _clock.Now + RequestTimeoutOf(name);
        while (true)
        {
            var grown = Volatile.Read(ref _grown).Task;
            if (_known.TryGetValue(name, out var family))
            {
                return family.Groups;
            }

            await WaitGrownAsync(grown, end, name, cancellationToken);
        }
    }

    private async Task WaitGrownAsync(Task grown, TimeSpan end, string what, CancellationToken cancellationToken)
    {
        var left = end - _clock.Now;
        try
        {
            await grown.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new RaftUnavailableException($"{what}: not there in time. Nothing was done. The silo {Silo} waits: {_waitsFor}.", exception);
        }
    }

    private async Task OpenKnownGroupsAsync(ILogStore store, CancellationToken cancellationToken)
    {
        if (store.Groups.Contains(CatalogGroups.MetaId))
        {
            await OpenMetaAsync(store, null, default, cancellationToken);
        }

        if (_genesis is not null)
        {
            await OpenOtherGroupsAsync(store, cancellationToken);
        }
    }

    private async Task OpenOtherGroupsAsync(ILogStore store, CancellationToken cancellationToken)
    {
        var generations = new HashSet<long> { _metaLog!.Generation };
        foreach (var id in store.Groups.Where(id => id != CatalogGroups.MetaId).ToArray())
        {
            var log = await store.OpenAsync(id, cancellationToken);
            if (log.Metadata.IsEmpty)
            {
                // Opened once and never born: a crash came between. The catalog will say again that it is to be made.
                continue;
            }

            generations.Add(log.Generation);
            var record = MetaCodec.ReadGroupRecord(log.Metadata);
            _known.TryAdd(record.Family.Name, record.Family);
            AddGroup(CatalogGroups.Describe(id, record.Family.Incarnation, record.Members), log, record.Replica, record.IsRecovered);
        }

        _hadReplicas = _groups.Values.Any(runtime => runtime.Replica is not null);
        foreach (var family in _known.Values)
        {
            AddClients(family, index => CatalogGroups.Group(family, index));
        }

        // Rows of snapshots that never became current, and of states that they replaced (SAFETY-RULES A6).
        foreach (var orphan in _stateStore!.Generations.Where(generation => !generations.Contains(generation)).ToArray())
        {
            await _stateStore.DeleteAsync(orphan);
        }
    }

    private async Task OpenMetaAsync(ILogStore store, Genesis? birth, ReplicaId replica, CancellationToken cancellationToken)
    {
        var log = await store.OpenAsync(CatalogGroups.MetaId, cancellationToken);
        if (log.Metadata.IsEmpty)
        {
            if (birth is null)
            {
                return;
            }

            var batch = new WriteBatch();
            _metaRecord = new MetaRecord(birth, [], replica, CatalogGroups.PlacementOf(CatalogGroups.Birth(birth), CatalogGroups.MetaId)!.Replicas);
            batch.SetConfState(log, ConfState.Of(birth.Silos.Select(silo => silo.Replica)));
            batch.SetMetadata(log, MetaCodec.Encode(_metaRecord));
            await store.WriteAsync(batch);
        }
        else
        {
            _metaRecord = MetaCodec.ReadRecord(log.Metadata);
        }

        if (_metaRecord!.IsRecovering)
        {
            throw new OrleansConfigurationException(
                $"Raft on {Silo}: the recovery of this directory was interrupted. Run RaftRecover --from-survivor again (docs/OPERATIONS.md).");
        }

        _genesis = _metaRecord.Genesis;
        _metaLog = log;
        var runtime = NewRuntime(CatalogGroups.Describe(CatalogGroups.MetaId, 0, _metaRecord.Members), _metaRecord.IsRecovered);
        if (!_metaRecord.Replica.IsNone)
        {
            StartMeta(runtime);
        }

        AddRuntimes([runtime]);
    }

    private void StartMeta(GroupRuntime runtime)
    {
        var meta = new MetaMachine(_genesis!);
        meta.Changed += _ => Volatile.Read(ref _catalogChanged).TrySetResult();
        runtime.Log = _metaLog;
        runtime.Replica = NewReplica(runtime, _metaLog!, meta, _metaRecord!.Replica);
        _isAdoptionDue = true;
        _meta = meta;
    }

    private void AddGroup(GroupDescriptor descriptor, GroupLog log, ReplicaId replica, bool isRecovered = false)
    {
        var runtime = NewRuntime(descriptor, isRecovered);
        StartReplica(runtime, log, replica);
        AddRuntimes([runtime]);
    }

    private void StartReplica(GroupRuntime runtime, GroupLog log, ReplicaId replica)
    {
        if (_families.TryGetValue(runtime.Descriptor.Id.Name, out var family))
        {
            runtime.Log = log;
            runtime.Replica = NewReplica(runtime, log, family.Create(_services, BirthOf(runtime.Descriptor)), replica);
            _isAdoptionDue = true;
        }
        else
        {
            LogFamilyNotRegistered(_logger, runtime.Descriptor.Id, Silo);
        }
    }

    private GroupBirth BirthOf(GroupDescriptor descriptor) =>
        new(descriptor.Id, _known[descriptor.Id.Name].Groups, _genesis!.Incarnation, descriptor.Incarnation);

    // Groups of which this silo holds no replica are used all the same.
    private void AddClients(CatalogFamily family, Func<int, GroupDescriptor> describe)
    {
        var clients = new List<GroupRuntime>();
        for (var index = 0; index < family.Groups; index++)
        {
            if (!_groups.ContainsKey(new RaftGroupId(family.Name, index)))
            {
                clients.Add(NewRuntime(describe(index)));
            }
        }

        AddRuntimes(clients);
    }

    /// <summary>Makes the first replicas that the catalog says are this silo's, all in one write together with the note that they were made.</summary>
    private async Task MakeFamilyAsync(Catalog catalog, CatalogFamily family, CancellationToken cancellationToken)
    {
        var births = new WriteBatch();
        var logs = new List<(GroupDescriptor Group, GroupLog Log, ReplicaId Replica)>();
        var wasMade = _metaRecord!.CreatedFamilies.Contains(family.Name);
        for (var index = 0; index < family.Groups; index++)
        {
            var placement = CatalogGroups.PlacementOf(catalog, new RaftGroupId(family.Name, index))!;
            if (FindOwn(placement) is not { } own || own.Replica.Value > family.Silos.Length || _groups.ContainsKey(placement.Group))
            {
                continue;
            }

            if (wasMade)
            {
                // It existed and is not there any more: made anew, it would have forgotten its votes (SAFETY-RULES A7).
                LogReplicaLost(_logger, placement.Group, Silo);
                continue;
            }

            var log = await _store!.OpenAsync(placement.Group, cancellationToken);
            Bear(births, log, family, placement, own.Replica);
            logs.Add((CatalogGroups.Describe(placement, family.Incarnation), log, own.Replica));
        }

        if (logs.Count > 0)
        {
            _metaRecord = _metaRecord with { CreatedFamilies = _metaRecord.CreatedFamilies.Add(family.Name) };
            births.SetMetadata(_metaLog!, MetaCodec.Encode(_metaRecord));
            await _store!.WriteAsync(births);
        }

        foreach (var (group, log, replica) in logs)
        {
            AddGroup(group, log, replica);
        }

        AddClients(family, index => CatalogGroups.Describe(CatalogGroups.PlacementOf(catalog, new RaftGroupId(family.Name, index))!, family.Incarnation));
    }

    private GroupRuntime NewRuntime(GroupDescriptor descriptor, bool isRecovered = false) =>
        new(descriptor, ClientSettings(descriptor.Id.Name), this, _store!.Identity, new PoolScheduler(), _clock) { IsRecovered = isRecovered };

    private Replica NewReplica(GroupRuntime runtime, GroupLog log, object machine, ReplicaId id)
    {
        var settings = new ReplicaSettings
        {
            Group = runtime.Descriptor,
            Node = NodeConfig(id, ReadModeOf(runtime.Descriptor.Id.Name)),
            Silo = Silo,
            Life = _store!.Identity,
            Store = _store,
            Log = log,
            State = ReplicaState.Of(machine, _stateStore!, log.Generation, new ReplicaHome(_store.Identity.StoreId, runtime.Local.Value)),
            MaxReads = _options.MaxWaitingRequests,
            MayLead = _isTransferTarget,
            StateStore = _stateStore!,
            IsRecovered = runtime.IsRecovered,
            TailEntries = _options.CompactionTailEntries,
            FirstReadContext = RandomNumber(),
            ReadPatienceTicks = _options.ElectionTicks,
            IsEligible = _isTransferTarget,
            IsAlive = _isAlive,
            SleepAfterTicks = _options.Hibernation ? 2 * _options.ElectionTicks : 0,
            Metrics = _metrics,
        };
        return new Replica(settings, this, _clock, _endpoint, runtime.Client, _logger);
    }

    private void AddRuntimes(IReadOnlyCollection<GroupRuntime> runtimes)
    {
        lock (_slotGate)
        {
            foreach (var runtime in runtimes)
            {
                if (_groups.TryAdd(runtime.Descriptor.Id, runtime))
                {
                    _slots.MinBy(static slot => slot.MemberCount)!.Add(runtime);
                }
            }
        }

        Interlocked.Exchange(ref _grown, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }
}
