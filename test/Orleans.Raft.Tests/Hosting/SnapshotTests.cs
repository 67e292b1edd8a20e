using Orleans.Raft.Hosting;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

public sealed class SnapshotTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_follower_that_needs_what_was_cut_gets_a_snapshot_and_goes_on(bool isStored)
    {
        var cluster = new MiniCluster(isStored);
        var absent = CutOffAndCompact(cluster, out var leader);
        cluster.Passes = (_, _, _) => true;
        cluster.TickUntil(() => cluster.Ask(absent, node => node.Applied) >= cluster.Ask(leader, node => node.Applied));
        Assert.Equal(31, cluster.Finish(cluster.ReadAsync(absent)));
        Assert.Equal(32, cluster.Finish(cluster.AddAsync(absent, 1)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Sessions_travel_with_the_snapshot_so_that_a_repeat_is_not_applied_by_who_got_it(bool isStored)
    {
        var cluster = new MiniCluster(isStored);
        byte[]? batch = null;
        cluster.Finish(cluster.AddAsync(1, 0));
        cluster.TickUntil(() => cluster.Leader is not null);
        var leader = cluster.Leader!.Value;
        var writer = leader % 3 + 1;
        cluster.Passes = (_, _, item) =>
        {
            if (item.Kind == LaneItemKind.Propose && CommandCodec.ReadRegistration(item.Body) is null)
            {
                batch = item.Body.ToArray();
            }

            return true;
        };
        cluster.Finish(cluster.AddAsync(writer, 1));
        var repeat = batch!;
        var absent = CutOffAndCompact(cluster, out leader, sum: 1);
        cluster.Passes = (_, _, _) => true;
        cluster.TickUntil(() => cluster.Ask(absent, node => node.Applied) >= cluster.Ask(leader, node => node.Applied));

        // The one that got the snapshot becomes leader and is sent the command again.
        cluster.Ask(absent, node => node.Campaign(TimeSpan.FromHours(2)));
        cluster.TickUntil(() => cluster.Leader is not null);
        cluster.Silos[cluster.Leader!.Value].Replica!.Post(new ReplicaWork(ReplicaWorkKind.Propose, Data: repeat));
        cluster.Settle();
        for (var silo = 1; silo <= 3; silo++)
        {
            Assert.Equal(31, cluster.Finish(cluster.ReadAsync(silo)));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_restarted_replica_starts_from_its_saved_state_and_applies_only_what_follows(bool isStored)
    {
        var cluster = new MiniCluster(isStored);
        for (var i = 0; i < 20; i++)
        {
            cluster.Finish(cluster.AddAsync(1, 1));
        }

        for (var silo = 1; silo <= 3; silo++)
        {
            cluster.Compact(silo);
        }

        cluster.Finish(cluster.AddAsync(2, 1));
        for (var silo = 1; silo <= 3; silo++)
        {
            cluster.Restart(silo);
        }

        Assert.Equal(21, cluster.Finish(cluster.ReadAsync(3)));
        if (!isStored)
        {
            Assert.InRange(cluster.Machines[1].Applied, 0, 3);
        }
    }

    [Fact]
    public void A_snapshot_whose_parts_get_lost_arrives_all_the_same()
    {
        var cluster = new MiniCluster();
        var absent = CutOffAndCompact(cluster, out var leader);
        var seen = 0;
        cluster.Passes = (_, _, item) => item.Kind is not (LaneItemKind.SnapshotPart or LaneItemKind.SnapshotPartAnswer) || seen++ % 3 == 2;
        cluster.TickUntil(() => cluster.Ask(absent, node => node.Applied) >= cluster.Ask(leader, node => node.Applied));
        Assert.Equal(31, cluster.Finish(cluster.ReadAsync(absent)));
        Assert.True(seen > 2);
    }

    [Fact]
    public void A_snapshot_that_was_changed_on_the_way_is_refused_and_sent_again()
    {
        var cluster = new MiniCluster();
        var absent = CutOffAndCompact(cluster, out var leader);
        var hasChanged = false;
        cluster.Changes = item =>
        {
            if (hasChanged || item.Kind != LaneItemKind.SnapshotPart)
            {
                return item;
            }

            hasChanged = true;
            var part = SnapshotCodec.ReadPart(item.Body);
            var rows = part.Rows.SetItem(0, (part.Rows[0].Key, new byte[] { 99 }));
            return item with { Body = SnapshotCodec.Encode(part with { Rows = rows }) };
        };
        cluster.Passes = (_, _, _) => true;
        cluster.TickUntil(() => cluster.Ask(absent, node => node.Applied) >= cluster.Ask(leader, node => node.Applied));
        Assert.True(hasChanged);
        Assert.Equal(31, cluster.Finish(cluster.ReadAsync(absent)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_follows_a_snapshot_is_not_cut_while_it_is_on_its_way(bool isStored)
    {
        var cluster = new MiniCluster(isStored);
        var absent = CutOffAndCompact(cluster, out var leader);
        var replica = cluster.Silos[leader].Replica!;
        var transfers = new HashSet<Guid>();
        var arrives = false;
        cluster.Passes = (_, _, item) =>
        {
            if (item.Kind == LaneItemKind.SnapshotPart)
            {
                transfers.Add(SnapshotCodec.ReadPart(item.Body).Id);
                return arrives;
            }

            return true;
        };
        cluster.TickUntil(() => transfers.Count > 0);
        for (var i = 0; i < 20; i++)
        {
            cluster.Finish(cluster.AddAsync(leader, 1));
        }

        cluster.Finish(replica.SaveAsync());
        replica.PostCompact();
        cluster.Settle();

        // Were it cut, the receiver would need another snapshot as soon as it had this one.
        arrives = true;
        cluster.TickUntil(() => cluster.Ask(absent, node => node.Applied) >= cluster.Ask(leader, node => node.Applied));
        Assert.Single(transfers);
        Assert.Equal(51, cluster.Finish(cluster.ReadAsync(absent)));
        Assert.InRange(cluster.Compact(leader), -100, 0);
    }

    private static int CutOffAndCompact(MiniCluster cluster, out int leader, int sum = 0)
    {
        cluster.Finish(cluster.AddAsync(1, 1 - sum));
        cluster.TickUntil(() => cluster.Leader is not null);
        var first = leader = cluster.Leader!.Value;
        var absent = first % 3 + 1;
        cluster.Passes = (from, to, _) => from != absent && to != absent;
        for (var i = 0; i < 30; i++)
        {
            cluster.Finish(cluster.AddAsync(first, 1));
        }

        for (var silo = 1; silo <= 3; silo++)
        {
            if (silo != absent)
            {
                Assert.InRange(cluster.Compact(silo), -100, 0);
            }
        }

        return absent;
    }
}
