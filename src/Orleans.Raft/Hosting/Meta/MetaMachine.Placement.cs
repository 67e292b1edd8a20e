using System.Collections.Immutable;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>Moving replicas: what is wished is written here; the groups' leaders carry it out, one step at a time.</content>
internal sealed partial class MetaMachine
{
    // What the former store held is gone or not to be trusted: each of its replicas is replaced by a new one under a number that nobody has had.
    private Catalog Replace(SiloBinding silo)
    {
        var placements = _catalog.Placements.ToBuilder();
        foreach (var group in CatalogGroups.All(_catalog))
        {
            var placement = CatalogGroups.PlacementOf(_catalog, group)!;
            var lost = placement.Replicas.FirstOrDefault(replica => !replica.IsLeaving && string.Equals(replica.Silo, silo.Silo, StringComparison.Ordinal));
            if (lost is not null)
            {
                placements[group] = Add(MarkLeaving(placement, lost), silo.Silo, silo.Store);
            }
        }

        return _catalog with { Placements = placements.ToImmutable() };
    }

    private string? Move(CommandPosition position, MetaCommand command)
    {
        var placements = _catalog.Placements;
        foreach (var change in command.Changes)
        {
            var placement = CatalogGroups.PlacementOf(_catalog with { Placements = placements }, change.Group);
            var refusal = placement is null ? $"there is no group {change.Group}" : TryMove(ref placement, change);
            if (refusal is not null)
            {
                return refusal;
            }

            placements = placements.SetItem(change.Group, placement!);
        }

        foreach (var named in (string[])[command.Retire, command.Admit])
        {
            if (named.Length > 0 && CatalogGroups.PlaceOf(_catalog, named) < 0)
            {
                return $"the silo {named} has not introduced itself yet; start it first";
            }
        }

        var silos = SetRetired(SetRetired(_catalog.Silos, command.Retire, true), command.Admit, false);
        if (placements != _catalog.Placements || silos != _catalog.Silos)
        {
            Change(Raised(_catalog with { Version = position.Index, Placements = placements, Silos = silos }));
        }

        return null;
    }

    private string? TryMove(ref GroupPlacement placement, PlacementChange change)
    {
        foreach (var silo in change.Add)
        {
            var place = CatalogGroups.PlaceOf(_catalog, silo);
            if (place < 0)
            {
                return $"the silo {silo} has not introduced itself yet; start it first";
            }

            var store = _catalog.Silos[place].Store;
            if (placement.Replicas.Any(replica => string.Equals(replica.Silo, silo, StringComparison.Ordinal) && (!replica.IsLeaving || replica.Store == store)))
            {
                return $"{change.Group} has a replica on {silo} already, or one that is still leaving";
            }

            placement = Add(placement, silo, store);
        }

        foreach (var silo in change.Leave)
        {
            if (placement.Replicas.FirstOrDefault(replica => !replica.IsLeaving && string.Equals(replica.Silo, silo, StringComparison.Ordinal)) is not { } leaving)
            {
                return $"{change.Group} has no replica on {silo}";
            }

            placement = MarkLeaving(placement, leaving);
        }

        return placement.Replicas.Any(replica => !replica.IsLeaving) ? null : $"{change.Group} would have no replica left";
    }

    private void Forget(CommandPosition position, RaftGroupId group, ReplicaId replica)
    {
        if (!_catalog.Placements.TryGetValue(group, out var placement)
            || placement.Replicas.FirstOrDefault(known => known.Replica == replica) is not { IsLeaving: true } leaving)
        {
            return;
        }

        var left = placement with { Replicas = placement.Replicas.Remove(leaving), Removed = placement.Removed.Add(replica) };
        Change(_catalog with { Version = position.Index, Placements = _catalog.Placements.SetItem(group, left) });
    }

    private static GroupPlacement Add(GroupPlacement placement, string silo, Guid store) => placement with
    {
        NextReplica = placement.NextReplica + 1,
        Replicas = placement.Replicas.Add(new PlacedReplica(new ReplicaId(placement.NextReplica), silo, store, false)),
    };

    private static GroupPlacement MarkLeaving(GroupPlacement placement, PlacedReplica replica) =>
        placement with { Replicas = placement.Replicas.Replace(replica, replica with { IsLeaving = true }) };

    private ImmutableArray<SiloBinding> SetRetired(ImmutableArray<SiloBinding> silos, string silo, bool isRetired)
    {
        var place = silo.Length == 0 ? -1 : CatalogGroups.PlaceOf(_catalog, silo);
        return place < 0 || silos[place].IsRetired == isRetired ? silos : silos.SetItem(place, silos[place] with { IsRetired = isRetired });
    }
}
