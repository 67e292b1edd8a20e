using Orleans.Raft.Hosting;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

public sealed class ChecksumTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_replica_looks_at_its_state_at_the_mark_whatever_follows_in_the_same_batch(bool isStored)
    {
        var cluster = new MiniCluster(isStored);
        cluster.Finish(cluster.AddAsync(1, 5));
        cluster.TickUntil(() => cluster.Leader is not null);
        var leader = cluster.Leader!.Value;

        // The others are cut off meanwhile, so that they get everything at once.
        cluster.Passes = (_, _, _) => false;
        var first = Guid.NewGuid();
        var second = Guid.NewGuid();
        var before = cluster.AddAsync(leader, 1);
        Mark(cluster, leader, first);
        var between = cluster.AddAsync(leader, 2);
        cluster.Settle();
        Mark(cluster, leader, second);
        cluster.Passes = (_, _, _) => true;
        Assert.Equal(8, Math.Max(cluster.Finish(before), cluster.Finish(between)));
        cluster.TickUntil(() => Enumerable.Range(1, 3).All(silo => cluster.Silos[silo].Replica!.ChecksumAsync(second).IsCompleted));

        foreach (var mark in (Guid[])[first, second])
        {
            var checksums = Enumerable.Range(1, 3).Select(silo => cluster.Finish(cluster.Silos[silo].Replica!.ChecksumAsync(mark))).Distinct().ToArray();
            Assert.Equal(64, Assert.Single(checksums).Sha256!.Length);
        }

        Assert.NotEqual(cluster.Finish(cluster.Silos[1].Replica!.ChecksumAsync(first)).Sha256, cluster.Finish(cluster.Silos[1].Replica!.ChecksumAsync(second)).Sha256);
        Assert.Equal(8, cluster.Finish(cluster.ReadAsync(leader)));
    }

    private static void Mark(MiniCluster cluster, int leader, Guid mark)
    {
        var marking = cluster.Silos[leader].Replica!.MarkAsync(mark);
        cluster.Settle();
        Assert.True(marking.IsCompletedSuccessfully && marking.Result.IsAccepted);
    }
}
