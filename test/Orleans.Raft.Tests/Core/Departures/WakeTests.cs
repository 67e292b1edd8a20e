using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core.Departures;

/// <summary>Departure: groups sleep, and their replicas are told when they wake (SAFETY-RULES B4).</summary>
public sealed class WakeTests
{
    [Fact]
    public void A_leader_that_wakes_does_not_step_down_because_nobody_spoke_while_it_slept()
    {
        var cluster = Elect();
        Ticks(cluster, 1, 9);

        // Asleep here, one tick before the quorum check.
        cluster.IsLost = _ => true;
        cluster[1].Wake(isLeaderLost: false, cluster.Now);
        cluster.Settle();
        cluster.IsLost = _ => false;
        for (var tick = 0; tick < 30; tick++)
        {
            cluster.Tick();
            cluster.Settle();
        }

        Assert.Equal(RaftRole.Leader, cluster[1].Role);
    }

    [Fact]
    public void Followers_that_wake_without_their_leader_elect_another_within_two_election_timeouts()
    {
        var cluster = Elect();
        cluster.IsLost = message => message.To.Value == 1 || message.From.Value == 1;
        cluster[2].Wake(isLeaderLost: true, cluster.Now);
        cluster[3].Wake(isLeaderLost: true, cluster.Now);
        for (var tick = 0; tick < 20 && cluster.LeaderId == 1; tick++)
        {
            cluster.Tick(2, 3);
            cluster.Settle();
        }

        Assert.NotEqual(1, cluster.LeaderId);
    }

    private static NodeCluster Elect()
    {
        var cluster = new NodeCluster(3, config => config with { ElectionTicks = 10, CheckQuorum = true, PreVote = true, ElectionSeed = 5 });
        cluster[1].Campaign(cluster.Now);
        cluster.Settle();
        Assert.Equal(RaftRole.Leader, cluster[1].Role);
        return cluster;
    }

    private static void Ticks(NodeCluster cluster, long id, int count)
    {
        for (var tick = 0; tick < count; tick++)
        {
            cluster.Tick(id);
            cluster.TakeReady(id);
        }

        cluster.InFlight.Clear();
    }
}
