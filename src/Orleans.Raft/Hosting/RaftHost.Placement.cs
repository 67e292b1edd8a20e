using System.Collections.Immutable;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>Replicas that come and go after their group's birth: made and erased because the catalog says so, never because a message arrived (SAFETY-RULES A9).</content>
internal sealed partial class RaftHost
{
    private ReplicaId FoundingReplica(Genesis genesis)
    {
        var binding = genesis.Silos.FirstOrDefault(silo => string.Equals(silo.Silo, Silo, StringComparison.Ordinal) && silo.Store == _store!.Identity.StoreId);
        return binding is null || _store!.GetRemovedReplicas(CatalogGroups.MetaId).Contains(binding.Replica) ? ReplicaId.None : binding.Replica;
    }

    private PlacedReplica? FindOwn(GroupPlacement placement) => _refusal is not null ? null : placement.Replicas.FirstOrDefault(replica =>
        !replica.IsLeaving && replica.Store == _store!.Identity.StoreId && string.Equals(replica.Silo, Silo, StringComparison.Ordinal));

    private async Task FollowPlacementsAsync(Catalog catalog, CancellationToken cancellationToken)
    {
        foreach (var (group, placement) in catalog.Placements)
        {
            if (_followed.TryGetValue(group, out var followed) && IsSame(followed, placement))
            {
                continue;
            }

            if (_groups.TryGetValue(group, out var runtime))
            {
                runtime.Update(CatalogGroups.Describe(placement, runtime.Descriptor.Incarnation));
                await EraseRemovedAsync(runtime, placement);
                await MakePlacedAsync(catalog, runtime, placement, cancellationToken);
                await NoteMembersAsync(runtime, placement);
                _followed[group] = placement;
            }
        }
    }

    // Only a number that is over for good ends a replica here: a catalog that does not name it may just be old.
    private async Task EraseRemovedAsync(GroupRuntime runtime, GroupPlacement placement)
    {
        if (runtime.Replica is not { } replica || !placement.Removed.Contains(replica.Id))
        {
            return;
        }

        runtime.Replica = null;
        runtime.Log = null;
        await replica.EraseAsync();
        LogErased(_logger, replica.Group, replica.Id, Silo);
        if (runtime.Descriptor.Id == CatalogGroups.MetaId)
        {
            // What this silo knows of the cluster is kept beside the meta group's log, with or without a replica.
            _fetched = Catalog;
            _meta = null;
            _metaLog = await _store!.OpenAsync(CatalogGroups.MetaId, _stopping.Token);
            _metaRecord = _metaRecord! with { Replica = ReplicaId.None };
            var batch = new WriteBatch();
            batch.SetMetadata(_metaLog, MetaCodec.Encode(_metaRecord));
            await _store.WriteAsync(batch);
        }
    }

    private async Task MakePlacedAsync(Catalog catalog, GroupRuntime runtime, GroupPlacement placement, CancellationToken cancellationToken)
    {
        var group = placement.Group;
        if (runtime.Replica is not null || FindOwn(placement) is not { } own || _store!.GetRemovedReplicas(group).Contains(own.Replica))
        {
            return;
        }

        if (group == CatalogGroups.MetaId)
        {
            if (!_genesis!.Silos.Any(silo => silo.Replica == own.Replica))
            {
                _metaRecord = _metaRecord! with { Replica = own.Replica };
                var batch = new WriteBatch();
                batch.SetConfState(_metaLog!, ConfState.Of(_genesis.Silos.Select(silo => silo.Replica)));
                batch.SetMetadata(_metaLog!, MetaCodec.Encode(_metaRecord));
                await _store.WriteAsync(batch);
                StartMeta(runtime);
                LogPlaced(_logger, group, own.Replica, Silo);
            }

            return;
        }

        var family = catalog.Families.First(family => string.Equals(family.Name, group.Name, StringComparison.Ordinal));
        if (own.Replica.Value > family.Silos.Length)
        {
            var births = new WriteBatch();
            var log = await _store.OpenAsync(group, cancellationToken);
            Bear(births, log, family, placement, own.Replica);
            await _store.WriteAsync(births);
            StartReplica(runtime, log, own.Replica);
            LogPlaced(_logger, group, own.Replica, Silo);
        }
    }

    // A replica that joins later starts from the group's birth, too: the log, or a snapshot, tells it what has changed since.
    private static void Bear(WriteBatch births, GroupLog log, CatalogFamily family, GroupPlacement placement, ReplicaId replica)
    {
        births.SetConfState(log, ConfState.Of(CatalogGroups.Group(family, placement.Group.Index).Members.Select(member => member.Replica)));
        births.SetMetadata(log, MetaCodec.Encode(new GroupRecord(family, replica, placement.Replicas)));
    }

    // After a restart a silo must find the others before it has heard of any catalog.
    private async Task NoteMembersAsync(GroupRuntime runtime, GroupPlacement placement)
    {
        var batch = new WriteBatch();
        if (placement.Group == CatalogGroups.MetaId)
        {
            _metaRecord = _metaRecord! with { Members = placement.Replicas };
            batch.SetMetadata(_metaLog!, MetaCodec.Encode(_metaRecord));
        }
        else if (runtime is { Log: { } log, Replica: { } replica } && _known.TryGetValue(placement.Group.Name, out var family))
        {
            batch.SetMetadata(log, MetaCodec.Encode(new GroupRecord(family, replica.Id, placement.Replicas) { IsRecovered = runtime.IsRecovered }));
        }

        if (!batch.IsEmpty)
        {
            await _store!.WriteAsync(batch);
        }
    }

    private static bool IsSame(GroupPlacement left, GroupPlacement right) =>
        ReferenceEquals(left, right)
        || (left.NextReplica == right.NextReplica && left.Replicas.SequenceEqual(right.Replicas) && left.Removed.SequenceEqual(right.Removed));
}
