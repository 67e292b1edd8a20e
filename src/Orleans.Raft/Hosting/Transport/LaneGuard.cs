using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>
/// Whom this silo hears. Who speaks is asked for its identity, not for its membership: a number that this silo has not heard of yet may well lead
/// (SAFETY-RULES A9). But a silo that lost its store, or got an old one back, speaks for none of its former replicas (A1, A7).
/// </summary>
internal static class LaneGuard
{
    /// <summary>Why what a replica says is not heard, or null.</summary>
    /// <param name="catalog">What the meta group has decided, as known here.</param>
    /// <param name="group">The replica's group.</param>
    /// <param name="item">What it says.</param>
    /// <param name="process">The process that speaks.</param>
    public static string? WhyNotHeard(Catalog? catalog, GroupDescriptor group, in LaneItem item, Guid process)
    {
        if (group.Removed.Contains(item.From))
        {
            return "which was removed";
        }

        if (!group.TryFind(item.From, out var member) || catalog is null || CatalogGroups.BindingOf(catalog, member.Silo) is not { } binding)
        {
            return null;
        }

        var store = member.Store == default ? binding.Store : member.Store;
        if (store != item.FromLife.Store)
        {
            return $"whose store is {store:N} and not {item.FromLife.Store:N}";
        }

        if (store != binding.Store || item.FromLife.OpenCounter > binding.OpenCounter)
        {
            return null;
        }

        if (item.FromLife.OpenCounter < binding.OpenCounter)
        {
            return $"whose store has been opened since its life {item.FromLife}";
        }

        // The counter of a directory that was put back from its last copy but one is that of the life that the cluster knows.
        return binding.Life != default && binding.Life != process
            ? $"whose opening {binding.OpenCounter} was announced by another process: its directory was copied, or an earlier copy was put back"
            : null;
    }
}
