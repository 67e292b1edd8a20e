using Orleans.Raft.Core;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

/// <summary>How many election timeouts a group is without a leader after its leader's silo is gone (SAFETY-RULES B4, C7). In ticks, so that no machine is too slow.</summary>
public sealed class FailoverTests
{
    private const int ElectionTicks = 10;
    private const int Groups = 60;

    [Theory]
    [InlineData(false, true, 1.2)]
    [InlineData(true, true, 1.2)]
    [InlineData(false, false, 1.5)]
    public void Half_of_the_groups_have_a_leader_within_one_and_a_half_timeouts_and_all_within_four(bool isAsleep, bool isNoticed, double half)
    {
        var taken = Enumerable.Range(0, Groups).Select(seed => TimeoutsOf(seed, isAsleep, isNoticed)).Order().ToArray();
        Assert.InRange(taken[Groups / 2], 0.5, half);
        Assert.InRange(taken[^1], 0.5, 4);
    }

    [Fact]
    public void A_lane_that_is_silent_while_its_silos_leader_is_heard_starts_no_election()
    {
        var cluster = new MiniCluster();
        cluster.Finish(cluster.AddAsync(1, 1));
        var leader = cluster.Leader!.Value;
        var term = cluster.Ask(leader, node => node.Term);
        for (var tick = 0; tick < 4 * ElectionTicks; tick++)
        {
            foreach (var other in cluster.Silos.Skip(1).Where(other => other.Local.Value != leader))
            {
                other.Replica!.PostSiloChanged($"s{leader}", isLost: true);
            }

            cluster.Tick();
        }

        Assert.Equal(leader, cluster.Leader);
        Assert.Equal(term, cluster.Ask(leader, node => node.Term));
    }

    private static double TimeoutsOf(int seed, bool isAsleep, bool isNoticed)
    {
        var cluster = new MiniCluster(sleepAfterTicks: isAsleep ? 2 * ElectionTicks : 0, seed: seed);
        cluster.Finish(cluster.AddAsync(1, 1));
        if (isAsleep)
        {
            cluster.TickUntil(() => cluster.IsAsleep);
        }

        var old = cluster.Leader!.Value;
        cluster.Cut(old);
        for (var ticks = 1; ; ticks++)
        {
            cluster.Tick();
            if (isNoticed && ticks == ElectionTicks / 2)
            {
                // The connection broke when the process ended, and the silo has not been reached since.
                cluster.Lose(old);
            }

            if (Enumerable.Range(1, 3).Any(silo => silo != old && cluster.Ask(silo, node => node.Role) == RaftRole.Leader))
            {
                return ticks / (double)ElectionTicks;
            }

            Assert.True(ticks < 100 * ElectionTicks, $"seed {seed}: no leader");
        }
    }
}
