using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Raft.Storage.Clustering;
using Orleans.Runtime;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Clustering;

public sealed class ClusteringLifecycleTests
{
    [Fact]
    public async Task A_silo_whose_start_failed_midway_is_stopping_before_its_row_is_marked_dead()
    {
        await using var cluster = new VoterCluster(1);
        await using var node = new ClusteringNode(cluster.Settings("client"), cluster.Stores, TimeProvider.System, cluster.Log);
        var lifecycle = new SiloLifecycleSubject(NullLogger<SiloLifecycleSubject>.Instance);
        new ClusteringLifecycle(node).Participate(lifecycle);
        bool? isStopping = null;
        lifecycle.Subscribe("row", ServiceLifecycleStage.RuntimeInitialize + 1, static _ => Task.CompletedTask, _ => Task.FromResult(isStopping = node.IsStopping));
        lifecycle.Subscribe("connectivity", ServiceLifecycleStage.BecomeActive - 99, static _ => throw new InvalidOperationException("no connectivity"));
        await Assert.ThrowsAnyAsync<Exception>(() => lifecycle.OnStart(CancellationToken.None));
        await lifecycle.OnStop(CancellationToken.None);
        Assert.True(isStopping);
    }
}
