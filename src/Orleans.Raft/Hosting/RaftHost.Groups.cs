using System.Collections.Concurrent;
using System.Collections.Immutable;
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
        if (!store.Groups.Contains(CatalogGroups.MetaId))
        {
            return;
        }

        await OpenMetaAsync(store, null, cancellationToken);
        var generations = new HashSet<long> { _metaLog?.Generation ?? 0 };
        foreach (var id in store.Groups.Where(id => id != CatalogGroups.MetaId).ToArray())
        {
            var log = await store.OpenAsync(id, cancellationToken);
            if (log.Metadata.IsEmpty)
            {
                // Opened once and never born: a crash came between. The catalog will say again that it is to be made.
                continue;
            }

            generations.Add(log.Generation);
            var family = MetaCodec.ReadFamily(log.Metadata);
            _known.TryAdd(family.Name, family);
            AddGroup(CatalogGroups.Group(family, id.Index), log);
        }

        foreach (var family in _known.Values)
        {
            AddClients(family);
        }

        // Rows of snapshots that never became current, and of states that they replaced (SAFETY-RULES A6).
        foreach (var orphan in _stateStore!.Generations.Where(generation => !generations.Contains(generation)).ToArray())
        {
            await _stateStore.DeleteAsync(orphan);
        }
    }

    private async Task OpenMetaAsync(ILogStore store, Genesis? birth, CancellationToken cancellationToken)
    {
        var log = await store.OpenAsync(CatalogGroups.MetaId, cancellationToken);
        if (log.Metadata.IsEmpty)
        {
            if (birth is null)
            {
                return;
            }

            var batch = new WriteBatch();
            _metaRecord = new MetaRecord(birth, []);
            batch.SetConfState(log, ConfState.Of(birth.Silos.Select(silo => silo.Replica)));
            batch.SetMetadata(log, MetaCodec.Encode(_metaRecord));
            await store.WriteAsync(batch);
        }
        else
        {
            _metaRecord = MetaCodec.ReadRecord(log.Metadata);
        }

        _genesis = _metaRecord!.Genesis;
        _metaLog = log;
        _meta = new MetaMachine(_genesis);
        _meta.Changed += _ => Volatile.Read(ref _catalogChanged).TrySetResult();
        var descriptor = CatalogGroups.Meta(_genesis);
        var runtime = NewRuntime(descriptor);
        runtime.Replica = NewReplica(runtime, log, _meta);
        AddRuntimes([runtime]);
    }

    private void AddGroup(GroupDescriptor descriptor, GroupLog log)
    {
        var runtime = NewRuntime(descriptor);
        if (_families.TryGetValue(descriptor.Id.Name, out var family))
        {
            runtime.Replica = NewReplica(runtime, log, family.Create(_services, BirthOf(descriptor)));
        }
        else
        {
            LogFamilyNotRegistered(_logger, descriptor.Id, Silo);
        }

        AddRuntimes([runtime]);
    }

    private GroupBirth BirthOf(GroupDescriptor descriptor) =>
        new(descriptor.Id, _known[descriptor.Id.Name].Groups, _genesis!.Incarnation, descriptor.Incarnation);

    // Groups of which this silo holds no replica are used all the same.
    private void AddClients(CatalogFamily family)
    {
        var clients = new List<GroupRuntime>();
        for (var index = 0; index < family.Groups; index++)
        {
            var descriptor = CatalogGroups.Group(family, index);
            if (!_groups.ContainsKey(descriptor.Id))
            {
                clients.Add(NewRuntime(descriptor));
            }
        }

        AddRuntimes(clients);
    }

    /// <summary>Makes what the catalog says is this silo's. All replicas of a family are made in one write, together with the note that they were.</summary>
    private async Task MakeFamilyAsync(CatalogFamily family, CancellationToken cancellationToken)
    {
        var births = new WriteBatch();
        var logs = new List<(GroupDescriptor Group, GroupLog Log)>();
        var isMine = _metaRecord is not null && IsFounder && family.Silos.Contains(Silo, StringComparer.Ordinal);
        var wasMade = isMine && _metaRecord!.CreatedFamilies.Contains(family.Name);
        for (var index = 0; isMine && index < family.Groups; index++)
        {
            var group = CatalogGroups.Group(family, index);
            if (group.ReplicaOn(Silo).IsNone || _groups.ContainsKey(group.Id))
            {
                continue;
            }

            if (wasMade)
            {
                // It existed and is not there any more: made anew, it would have forgotten its votes (SAFETY-RULES A7).
                LogReplicaLost(_logger, group.Id, Silo);
                continue;
            }

            var log = await _store!.OpenAsync(group.Id, cancellationToken);
            births.SetConfState(log, ConfState.Of(group.Members.Select(member => member.Replica)));
            births.SetMetadata(log, MetaCodec.Encode(family));
            logs.Add((group, log));
        }

        if (logs.Count > 0)
        {
            _metaRecord = _metaRecord! with { CreatedFamilies = _metaRecord.CreatedFamilies.Add(family.Name) };
            births.SetMetadata(_metaLog!, MetaCodec.Encode(_metaRecord));
            await _store!.WriteAsync(births);
        }

        foreach (var (group, log) in logs)
        {
            AddGroup(group, log);
        }

        AddClients(family);
    }

    private GroupRuntime NewRuntime(GroupDescriptor descriptor) =>
        new(descriptor, ClientSettings(descriptor.Id.Name), this, _store!.Identity, new PoolScheduler(), _clock);

    private Replica NewReplica(GroupRuntime runtime, GroupLog log, object machine)
    {
        var settings = new ReplicaSettings
        {
            Group = runtime.Descriptor,
            Node = NodeConfig(runtime.Local),
            Silo = Silo,
            Life = _store!.Identity,
            Store = _store,
            Log = log,
            State = ReplicaState.Of(machine, _stateStore!, log.Generation),
            StateStore = _stateStore!,
            TailEntries = _options.CompactionTailEntries,
            FirstReadContext = RandomNumber(),
            ReadPatienceTicks = _options.ElectionTicks,
            IsEligible = IsTransferTarget,
            Metrics = _metrics,
        };
        return new Replica(settings, this, _clock, _endpoint, runtime.Client, _logger);
    }

    private void AddRuntimes(IReadOnlyCollection<GroupRuntime> runtimes)
    {
        lock (_slotGate)
        {
            var slots = _slots.Select(slot => slot.ToBuilder()).ToArray();
            foreach (var runtime in runtimes)
            {
                if (_groups.TryAdd(runtime.Descriptor.Id, runtime))
                {
                    slots.MinBy(slot => slot.Count)!.Add(runtime);
                }
            }

            _slots = [.. slots.Select(slot => slot.ToImmutable())];
        }

        Interlocked.Exchange(ref _grown, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }
}
