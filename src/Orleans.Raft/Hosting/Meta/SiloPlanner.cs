using System.Collections.Immutable;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>Which replicas move when a silo comes into service or goes out of it.</summary>
internal static class SiloPlanner
{
    /// <summary>
    /// Replicas for a silo: of groups that have fewer than they should, and its share of each family's others, taken from the silos that hold most of it. The meta group's
    /// stay where they are unless one is lacking.
    /// </summary>
    /// <exception cref="RaftBusyException">A group lacks a replica, and the silo's former one has not left yet.</exception>
    public static ImmutableArray<PlacementChange> Admit(Catalog catalog, string silo)
    {
        var changes = ImmutableArray.CreateBuilder<PlacementChange>();
        foreach (var family in CatalogGroups.All(catalog).GroupBy(group => group.Name, StringComparer.Ordinal))
        {
            var placements = family.Select(group => CatalogGroups.PlacementOf(catalog, group)!).ToArray();
            var free = placements.Where(placement => !placement.Replicas.Any(replica => IsOn(replica, silo))).ToList();
            var load = LoadOf(placements);
            load.TryAdd(silo, 0);
            var lacking = placements.FirstOrDefault(placement => Staying(placement).Count() < FactorOf(catalog, placement.Group) && IsLeaving(placement, silo));
            if (lacking is not null)
            {
                throw StillLeaving(lacking, silo);
            }

            foreach (var placement in free.Where(placement => Staying(placement).Count() < FactorOf(catalog, placement.Group)).ToArray())
            {
                changes.Add(new PlacementChange(placement.Group, [silo], []));
                load[silo]++;
                free.Remove(placement);
            }

            if (!string.Equals(family.Key, CatalogGroups.MetaId.Name, StringComparison.Ordinal))
            {
                TakeShare(changes, free, load, silo);
            }
        }

        return changes.ToImmutable();
    }

    /// <summary>What happens to a silo's replicas when it goes: each moves to the silo that holds fewest of those that have none of the group, if there is one.</summary>
    /// <exception cref="RaftException">The silo holds the only replica of a group, and nobody can take it over.</exception>
    /// <exception cref="RaftBusyException">Who would take a replica over has one that has not left yet; without waiting for that the group would be left with fewer.</exception>
    public static ImmutableArray<PlacementChange> Retire(Catalog catalog, string silo, Func<string, bool> isAlive)
    {
        var placements = CatalogGroups.All(catalog).Select(group => CatalogGroups.PlacementOf(catalog, group)!).ToArray();
        var load = LoadOf(placements);
        var heirs = catalog.Silos.Where(other => !other.IsRetired && !string.Equals(other.Silo, silo, StringComparison.Ordinal) && isAlive(other.Silo)).Select(other => other.Silo).ToArray();
        var changes = ImmutableArray.CreateBuilder<PlacementChange>();
        foreach (var placement in placements.Where(placement => Staying(placement).Any(replica => IsOn(replica, silo))))
        {
            var heir = heirs.Where(other => !placement.Replicas.Any(replica => IsOn(replica, other))).MinBy(other => load.GetValueOrDefault(other));
            if (heir is null && heirs.FirstOrDefault(other => IsLeaving(placement, other)) is { } former)
            {
                throw StillLeaving(placement, former);
            }

            if (heir is null && Staying(placement).Count() == 1)
            {
                throw new RaftException($"{placement.Group} has its only replica on {silo}, and no other silo that is in service can take it. Nothing was changed.");
            }

            changes.Add(new PlacementChange(placement.Group, heir is null ? [] : [heir], [silo]));
            if (heir is not null)
            {
                load[heir] = load.GetValueOrDefault(heir) + 1;
            }
        }

        return changes.ToImmutable();
    }

    private static void TakeShare(ImmutableArray<PlacementChange>.Builder changes, List<GroupPlacement> free, Dictionary<string, int> load, string silo)
    {
        var share = load.Values.Sum() / load.Count;
        while (load[silo] < share)
        {
            var best = free
                .SelectMany(placement => Staying(placement).Select(replica => (placement, replica.Silo)))
                .OrderByDescending(pair => load[pair.Silo])
                .ThenBy(pair => pair.placement.Group.Index)
                .FirstOrDefault();
            if (best.placement is null || load[best.Silo] <= load[silo] + 1)
            {
                return;
            }

            changes.Add(new PlacementChange(best.placement.Group, [silo], [best.Silo]));
            load[silo]++;
            load[best.Silo]--;
            free.Remove(best.placement);
        }
    }

    private static Dictionary<string, int> LoadOf(IEnumerable<GroupPlacement> placements) => placements
        .SelectMany(Staying)
        .GroupBy(replica => replica.Silo, StringComparer.Ordinal)
        .ToDictionary(same => same.Key, same => same.Count(), StringComparer.Ordinal);

    private static int FactorOf(Catalog catalog, RaftGroupId group) =>
        catalog.Families.FirstOrDefault(family => string.Equals(family.Name, group.Name, StringComparison.Ordinal))?.ReplicationFactor
        ?? catalog.Silos.Count(silo => !silo.Replica.IsNone);

    private static RaftBusyException StillLeaving(GroupPlacement placement, string silo) =>
        new($"{placement.Group} needs a replica on {silo}, whose former one has not left yet. Wait until all groups are whole, then ask again. Nothing was changed.");

    private static bool IsLeaving(GroupPlacement placement, string silo) => placement.Replicas.Any(replica => replica.IsLeaving && IsOn(replica, silo));

    private static IEnumerable<PlacedReplica> Staying(GroupPlacement placement) => placement.Replicas.Where(replica => !replica.IsLeaving);

    private static bool IsOn(PlacedReplica replica, string silo) => string.Equals(replica.Silo, silo, StringComparison.Ordinal);
}
