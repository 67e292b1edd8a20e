using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans.Raft.Hosting;

/// <summary>Places a replica's grain on the silo that its key names, and nowhere else.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class PinnedPlacementAttribute() : PlacementAttribute(new PinnedPlacement());

/// <summary>Strategy of <see cref="PinnedPlacementAttribute"/>.</summary>
[GenerateSerializer]
[Alias("Orleans.Raft.PinnedPlacement")]
internal sealed class PinnedPlacement : PlacementStrategy;

/// <summary>Finds the silo by its name in membership.</summary>
internal sealed class PinnedPlacementDirector(SiloDirectory silos) : IPlacementDirector
{
    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var key = target.GrainIdentity.Key.ToString();
        if (!ReplicaKey.TryParse(key, out var group, out var silo))
        {
            throw new ReplicaNotPlacedException($"\"{key}\" is not the key of a replica; it should be {{group}}/{{number}}@{{silo}}.");
        }

        return Task.FromResult(silos.FindActive(silo)
            ?? throw new ReplicaNotPlacedException($"{group}: the silo {silo} that holds this replica is not active; ask the group's other replicas."));
    }
}

/// <summary>The silo of a replica is not there. Not an OrleansException, since those are tried again by the placement service.</summary>
[GenerateSerializer]
[Alias("Orleans.Raft.ReplicaNotPlacedException")]
internal sealed class ReplicaNotPlacedException(string message) : Exception(message);
