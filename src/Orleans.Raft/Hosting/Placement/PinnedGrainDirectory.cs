using Orleans.GrainDirectory;
using Orleans.Runtime;

namespace Orleans.Raft.Hosting;

/// <summary>
/// Directory of replica grains: a pure function of key and membership, the same on every silo, without state and without calls. The default
/// directory would deactivate healthy replicas whenever any other silo stops.
/// </summary>
internal sealed class PinnedGrainDirectory(SiloDirectory silos) : IGrainDirectory
{
    /// <summary>Name under which it is registered.</summary>
    public const string Name = "Orleans.Raft.Pinned";

    /// <inheritdoc/>
    public Task<GrainAddress?> Register(GrainAddress address) => Register(address, null);

    /// <inheritdoc/>
    public Task<GrainAddress?> Register(GrainAddress address, GrainAddress? previousAddress)
    {
        var right = Find(address.GrainId);
        if (right is null || right.Equals(address.SiloAddress))
        {
            return Task.FromResult<GrainAddress?>(address);
        }

        // On the wrong silo: Orleans treats the activation as a duplicate and forwards its calls to the right one.
        return Task.FromResult<GrainAddress?>(AddressOn(address.GrainId, right));
    }

    /// <inheritdoc/>
    public Task<GrainAddress?> Lookup(GrainId grainId)
    {
        var silo = Find(grainId);
        return Task.FromResult(silo is null ? null : AddressOn(grainId, silo));
    }

    /// <inheritdoc/>
    public Task Unregister(GrainAddress address) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task UnregisterSilos(List<SiloAddress> siloAddresses) => Task.CompletedTask;

    private SiloAddress? Find(GrainId grainId) =>
        ReplicaKey.TryParse(grainId.Key.ToString(), out _, out var silo) ? silos.FindActive(silo) : null;

    private static GrainAddress? AddressOn(GrainId grainId, SiloAddress silo) =>
        new() { GrainId = grainId, SiloAddress = silo, ActivationId = ActivationId.GetDeterministic(grainId) };
}
