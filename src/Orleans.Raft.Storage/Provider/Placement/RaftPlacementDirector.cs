using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Raft.Hosting;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans.Raft.Storage.Provider;

/// <summary>Finds the silo of the leader that this silo believes in; a wrong guess costs a hop and nothing else, so nobody is asked and nobody is waited for.</summary>
internal sealed class RaftPlacementDirector(RaftHost host, SiloDirectory silos, IOptions<ClusterOptions> cluster) : IPlacementDirector
{
    private readonly ConcurrentDictionary<string, GroupRouter> _routers = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public async Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var compatible = context.GetCompatibleSilos(target);
        var placement = (RaftPlacement)strategy;
        var leader = await LeaderSiloAsync(placement, target.GrainIdentity);
        return leader is not null && compatible.Contains(leader) ? leader : compatible[Random.Shared.Next(compatible.Length)];
    }

    private async Task<SiloAddress?> LeaderSiloAsync(RaftPlacement placement, GrainId grain)
    {
        if (!host.KnownFamilies.Any(family => string.Equals(family.Name, placement.ProviderName, StringComparison.Ordinal)))
        {
            return null;
        }

        var router = _routers.GetOrAdd(placement.ProviderName, name => new GroupRouter(cluster.Value.ServiceId, name, host.Groups));
        var location = await router.LocateAsync(grain, placement.StateName, CancellationToken.None);
        return host.TryFind(location.Group.Id, out var runtime) && runtime.Descriptor.SiloOf(runtime.Client.Leader) is { } silo
            ? silos.FindActive(silo)
            : null;
    }
}
