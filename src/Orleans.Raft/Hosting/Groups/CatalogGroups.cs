using System.Collections.Immutable;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>The groups of a cluster, as the catalog's few numbers spell them out.</summary>
internal static class CatalogGroups
{
    /// <summary>The meta group, whose first members are the founders.</summary>
    public static readonly RaftGroupId MetaId = new("$meta", 0);

    /// <summary>The catalog of a cluster that was just born.</summary>
    public static Catalog Birth(Genesis genesis) =>
        new(genesis.Incarnation, 0, genesis.Silos, [], ImmutableDictionary<RaftGroupId, GroupPlacement>.Empty);

    /// <summary>The meta group of a cluster at its birth.</summary>
    public static GroupDescriptor Meta(Genesis genesis) =>
        new(MetaId, 0, [.. genesis.Silos.Select(silo => new GroupMember(silo.Replica, silo.Silo))]);

    /// <summary>One group of a family at its birth: its first replicas are on the family's silos in turn.</summary>
    public static GroupDescriptor Group(CatalogFamily family, int index)
    {
        var members = new GroupMember[family.ReplicationFactor];
        for (var i = 0; i < family.ReplicationFactor; i++)
        {
            var position = (index + i) % family.Silos.Length;
            members[i] = new GroupMember(new ReplicaId(position + 1), family.Silos[position]);
        }

        return new GroupDescriptor(new RaftGroupId(family.Name, index), family.Incarnation, members);
    }

    /// <summary>The family that the registration asks for.</summary>
    public static CatalogFamily Wish(RaftGroupFamily family) =>
        new(family.Name, family.Options.Groups, family.Options.ReplicationFactor, 0, []);

    /// <summary>All groups of the cluster.</summary>
    public static IEnumerable<RaftGroupId> All(Catalog catalog)
    {
        yield return MetaId;
        foreach (var family in catalog.Families)
        {
            for (var index = 0; index < family.Groups; index++)
            {
                yield return new RaftGroupId(family.Name, index);
            }
        }
    }

    /// <summary>A silo's place among the catalog's silos; -1 if it is not there.</summary>
    public static int PlaceOf(Catalog catalog, string silo)
    {
        for (var i = 0; i < catalog.Silos.Length; i++)
        {
            if (string.Equals(catalog.Silos[i].Silo, silo, StringComparison.Ordinal))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>A silo's binding; null if the catalog does not know it.</summary>
    public static SiloBinding? BindingOf(Catalog catalog, string silo) => PlaceOf(catalog, silo) is var place and >= 0 ? catalog.Silos[place] : null;

    /// <summary>Where a group's replicas are; null if the catalog does not know the group.</summary>
    public static GroupPlacement? PlacementOf(Catalog catalog, RaftGroupId group)
    {
        if (catalog.Placements.TryGetValue(group, out var placement))
        {
            return placement;
        }

        // Nobody was ever moved: every store is still the one that the group was born on, else it had been written down.
        if (group == MetaId)
        {
            var founders = catalog.Silos.Where(silo => !silo.Replica.IsNone).ToArray();
            return new GroupPlacement(
                MetaId, founders.Max(silo => silo.Replica.Value) + 1, [.. founders.Select(silo => new PlacedReplica(silo.Replica, silo.Silo, silo.Store, false))], []);
        }

        var family = catalog.Families.FirstOrDefault(family => string.Equals(family.Name, group.Name, StringComparison.Ordinal));
        return family is null || group.Index >= family.Groups ? null : BirthPlacement(catalog, family, group);
    }

    /// <summary>The group as its placement has it.</summary>
    public static GroupDescriptor Describe(GroupPlacement placement, long incarnation) =>
        new(placement.Group, incarnation, placement.Replicas.Select(Member).ToArray()) { Removed = placement.Removed };

    /// <summary>The group as a silo has noted it beside its log.</summary>
    public static GroupDescriptor Describe(RaftGroupId group, long incarnation, ImmutableArray<PlacedReplica> members) =>
        new(group, incarnation, members.Select(Member).ToArray());

    private static GroupMember Member(PlacedReplica replica) => new(replica.Replica, replica.Silo) { Store = replica.Store, IsLeaving = replica.IsLeaving };

    private static GroupPlacement BirthPlacement(Catalog catalog, CatalogFamily family, RaftGroupId group)
    {
        var members = Group(family, group.Index).Members;
        return new GroupPlacement(
            group,
            family.Silos.Length + 1,
            [.. members.Select(member => new PlacedReplica(member.Replica, member.Silo, BindingOf(catalog, member.Silo)?.Store ?? default, false))],
            []);
    }
}
