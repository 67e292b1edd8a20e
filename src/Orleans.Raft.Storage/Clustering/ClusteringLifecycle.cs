using Orleans.Runtime;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>Starts clustering before the membership table is first asked (stage 8000) and ends it after the silo's row is dead (stage 2001).</summary>
internal sealed class ClusteringLifecycle(ClusteringNode node) : ILifecycleParticipant<ISiloLifecycle>
{
    private const int BeforeAnythingElse = 1000;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle)
    {
        lifecycle.Subscribe(
            nameof(ClusteringNode),
            BeforeAnythingElse,
            node.StartAsync,
            async _ => await node.DisposeAsync().ConfigureAwait(false));

        // A start that fails midway never reaches the last stage, and stops from where it was.
        foreach (var stage in (int[])[ServiceLifecycleStage.Last, ServiceLifecycleStage.RuntimeGrainServices])
        {
            lifecycle.Subscribe(nameof(ClusteringLifecycle), stage, static _ => Task.CompletedTask, BeginStop);
        }
    }

    private Task BeginStop(CancellationToken cancellationToken)
    {
        node.BeginStop();
        return Task.CompletedTask;
    }
}
