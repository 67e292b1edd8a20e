using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Orleans.Raft.Hosting;

/// <summary>
/// Finds silos by their stable names: from membership, and from what silos say of themselves on their lanes, which is often earlier
/// (SAFETY-RULES B5, B10).
/// </summary>
internal sealed class SiloDirectory(IServiceProvider services, ILocalSiloDetails local)
{
    private readonly ConcurrentDictionary<string, SiloAddress> _heard = new(StringComparer.Ordinal);

    // Resolved late: membership depends on much that must not depend on this.
    private IClusterMembershipService Membership => field ??= services.GetRequiredService<IClusterMembershipService>();

    /// <summary>The address that a name most likely has now: of several, the one started last. Null if none is known.</summary>
    public SiloAddress? Find(string name)
    {
        if (string.Equals(name, local.Name, StringComparison.Ordinal))
        {
            return local.SiloAddress;
        }

        _heard.TryGetValue(name, out var best);
        foreach (var (address, member) in Membership.CurrentSnapshot.Members)
        {
            if (string.Equals(member.Name, name, StringComparison.Ordinal)
                && member.Status != SiloStatus.Dead
                && (best is null || address.Generation > best.Generation))
            {
                best = address;
            }
        }

        return best;
    }

    /// <summary>What membership says, by name: of several silos of a name the one that lives, and of those the one started last.</summary>
    public IReadOnlyDictionary<string, ClusterMember> Members => Membership.CurrentSnapshot.Members.Values
        .GroupBy(member => member.Name, StringComparer.Ordinal)
        .ToDictionary(same => same.Key, same => same.MaxBy(member => (member.Status != SiloStatus.Dead, member.SiloAddress.Generation))!, StringComparer.Ordinal);

    /// <summary>Another silo of this silo's name that membership does not hold for dead; null if there is none.</summary>
    public SiloAddress? FindDouble() => Membership.CurrentSnapshot.Members.Values
        .FirstOrDefault(member => string.Equals(member.Name, local.Name, StringComparison.Ordinal)
            && member.Status is SiloStatus.Joining or SiloStatus.Active or SiloStatus.ShuttingDown
            && !member.SiloAddress.Equals(local.SiloAddress))?.SiloAddress;

    /// <summary>The address of a name that can hold grains now; null if none can.</summary>
    public SiloAddress? FindActive(string name)
    {
        SiloAddress? best = null;
        foreach (var (address, member) in Membership.CurrentSnapshot.Members)
        {
            if (string.Equals(member.Name, name, StringComparison.Ordinal)
                && member.Status == SiloStatus.Active
                && (best is null || address.Generation > best.Generation))
            {
                best = address;
            }
        }

        return best;
    }

    /// <summary>A silo has said its address on a lane.</summary>
    public void Heard(string name, string? addressText)
    {
        if (string.IsNullOrEmpty(addressText))
        {
            return;
        }

        SiloAddress address;
        try
        {
            address = SiloAddress.FromParsableString(addressText);
        }
        catch (FormatException)
        {
            // An address is only a hint; membership brings the right one.
            return;
        }

        _heard.AddOrUpdate(name, address, (_, known) => address.Generation > known.Generation ? address : known);
    }
}
