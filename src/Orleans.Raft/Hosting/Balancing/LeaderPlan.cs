using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>
/// Which silo had better lead which group: a function of the catalog alone, so that all silos that know the same catalog say the same, whoever is up or
/// down. Shares differ by one at most wherever the placement of the replicas allows it.
/// </summary>
internal static class LeaderPlan
{
    /// <summary>Each group's first choice.</summary>
    public static IReadOnlyDictionary<RaftGroupId, string> Of(Catalog catalog)
    {
        var groups = CatalogGroups.All(catalog).ToArray();
        var families = catalog.Families.ToDictionary(family => family.Name, StringComparer.Ordinal);
        var chosen = Assign([.. groups.Select(group => HoldersOf(catalog, families, group))]);
        var plan = new Dictionary<RaftGroupId, string>(groups.Length);
        for (var i = 0; i < groups.Length; i++)
        {
            if (chosen[i] is { } silo)
            {
                plan.Add(groups[i], silo);
            }
        }

        return plan;
    }

    /// <summary>One of each group's holders, so that no silo could give one of its groups away, directly or round some corners, and be better balanced.</summary>
    /// <param name="holders">Silos that hold a group, the preferred one first.</param>
    public static string?[] Assign(IReadOnlyList<IReadOnlyList<string>> holders)
    {
        var chosen = holders.Select(silos => silos.Count > 0 ? silos[0] : null).ToArray();
        var load = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var silo in holders.SelectMany(silos => silos))
        {
            load.TryAdd(silo, 0);
        }

        foreach (var silo in chosen.OfType<string>())
        {
            load[silo]++;
        }

        // Most of it is done by single steps. The rest goes along paths: s1 gives one to s2 and s2 another one to s3, because s1 and s3 share no group.
        for (var i = 0; i < chosen.Length; i++)
        {
            if (chosen[i] is { } from && holders[i].MinBy(silo => load[silo]) is { } to && load[from] - load[to] >= 2)
            {
                Give(chosen, load, i, to);
            }
        }

        while (load.Keys.OrderByDescending(silo => load[silo]).Any(silo => TryRelieve(holders, chosen, load, silo)))
        {
        }

        return chosen;
    }

    private static void Give(string?[] chosen, SortedDictionary<string, int> load, int group, string to)
    {
        load[chosen[group]!]--;
        load[to]++;
        chosen[group] = to;
    }

    private static bool TryRelieve(IReadOnlyList<IReadOnlyList<string>> holders, string?[] chosen, SortedDictionary<string, int> load, string from)
    {
        var cameBy = new Dictionary<string, int>(StringComparer.Ordinal) { [from] = -1 };
        var reached = new Queue<string>([from]);
        while (reached.TryDequeue(out var silo))
        {
            if (load[silo] <= load[from] - 2)
            {
                // Backwards along the path: each gives the group by which the next one was reached.
                for (var to = silo; cameBy[to] is var group and >= 0;)
                {
                    var giver = chosen[group]!;
                    Give(chosen, load, group, to);
                    to = giver;
                }

                return true;
            }

            for (var i = 0; i < chosen.Length; i++)
            {
                foreach (var next in string.Equals(chosen[i], silo, StringComparison.Ordinal) ? holders[i] : [])
                {
                    if (cameBy.TryAdd(next, i))
                    {
                        reached.Enqueue(next);
                    }
                }
            }
        }

        return false;
    }

    // In the order of the group's birth, so that a silo whose replica was replaced by a new one keeps its share; those that came later at the end.
    private static string[] HoldersOf(Catalog catalog, Dictionary<string, CatalogFamily> families, RaftGroupId group)
    {
        if (CatalogGroups.PlacementOf(catalog, group) is not { } placement)
        {
            return [];
        }

        var staying = placement.Replicas.Where(replica => !replica.IsLeaving).Select(replica => replica.Silo).Distinct(StringComparer.Ordinal);
        if (!families.TryGetValue(group.Name, out var family))
        {
            return [.. staying.Order(StringComparer.Ordinal)];
        }

        var count = family.Silos.Length;
        return [.. staying.OrderBy(silo => family.Silos.IndexOf(silo) is var place and >= 0 ? (place - (group.Index % count) + count) % count : count)
            .ThenBy(silo => silo, StringComparer.Ordinal)];
    }
}
