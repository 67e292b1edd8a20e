using Orleans.Raft.Core;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

/// <summary>Groups that sleep while nobody wants anything of them, and what wakes them (SAFETY-RULES B4).</summary>
public sealed class SleepTests
{
    // Ticks of the longest drawn election timeout.
    private const int LongestTimeout = 20;

    private readonly MiniCluster _cluster = new(sleepAfterTicks: 10);

    public SleepTests()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        Rest();
    }

    private int Leader => _cluster.Leader!.Value;

    [Fact]
    public void A_sleeping_group_sends_nothing_and_keeps_its_leader_and_term()
    {
        var (leader, term) = (Leader, Term(1));
        var sent = _cluster.SentCount;
        for (var tick = 0; tick < 1_000; tick++)
        {
            _cluster.Tick();
        }

        Assert.Equal(sent, _cluster.SentCount);
        Assert.True(_cluster.IsAsleep);
        Assert.Equal((leader, term), (Leader, Term(1)));
        Assert.Equal(0, _cluster.TickedCount);
    }

    [Fact]
    public void A_write_or_a_read_on_any_silo_wakes_the_group_and_takes_no_longer_than_awake()
    {
        var sum = 1;
        for (var silo = 1; silo <= 3; silo++)
        {
            Assert.Equal(sum += 5, _cluster.Finish(_cluster.AddAsync(silo, 5), maxTicks: 3));
            Rest();
            Assert.Equal(sum, _cluster.Finish(_cluster.ReadAsync(silo), maxTicks: 3));
            Rest();
        }

        Assert.Equal(1, Term(1));
    }

    [Fact]
    public void A_question_wakes_nobody()
    {
        for (var silo = 1; silo <= 3; silo++)
        {
            _cluster.Silos[silo].Replica!.ReportAsync();
        }

        _cluster.Settle();
        Assert.True(_cluster.IsAsleep);
    }

    [Fact]
    public void When_the_leaders_silo_falls_silent_the_others_elect_within_one_timeout_more_and_sleep_again()
    {
        var old = Leader;
        _cluster.Lose(old);
        _cluster.TickUntil(() => _cluster.Leader is { } leader && leader != old, LongestTimeout);
        Assert.Equal(6, _cluster.Finish(_cluster.AddAsync((old % 3) + 1, 5)));
        _cluster.TickUntil(() => _cluster.IsAsleep);

        // What the lost silo missed reaches it when it is back, and then all three sleep.
        _cluster.Find(old);
        Rest();
        Assert.Equal(6, _cluster.Machines[old].Sum);
    }

    [Fact]
    public void A_first_write_after_the_leaders_silo_fell_silent_does_not_wait_for_a_leader_that_others_remember()
    {
        var old = Leader;
        var writer = (old % 3) + 1;
        _cluster.Passes = (from, to, _) => from != old && to != old;
        _cluster.Silent.Add($"s{old}");

        // The writer's silo has noticed, the third one's lane has not told its groups yet.
        _cluster.Silos[writer].Replica!.PostSiloChanged($"s{old}", isLost: true);
        Assert.Equal(6, _cluster.Finish(_cluster.AddAsync(writer, 5), maxTicks: 2 * LongestTimeout));
    }

    [Fact]
    public void A_group_with_a_lagging_replica_sleeps_only_if_that_replicas_silo_is_silent()
    {
        var leader = Leader;
        var behind = (leader % 3) + 1;
        _cluster.Passes = (from, to, _) => from != behind && to != behind;
        _cluster.Finish(_cluster.AddAsync(leader, 5));
        for (var tick = 0; tick < 200; tick++)
        {
            _cluster.Tick();
            Assert.False(_cluster.Silos[leader].Replica!.IsAsleep);
        }

        _cluster.Silent.Add($"s{behind}");
        _cluster.TickUntil(() => _cluster.Silos[leader].Replica!.IsAsleep);
        _cluster.Find(behind);
        Rest();
        Assert.Equal(6, _cluster.Machines[behind].Sum);
    }

    [Fact]
    public void A_follower_that_did_not_hear_that_the_group_sleeps_deposes_nobody()
    {
        var (leader, term) = (Leader, Term(1));
        var deaf = (leader % 3) + 1;
        var lost = 0;
        _cluster.Passes = (_, to, item) => to != deaf || item.Kind != LaneItemKind.Sleep || lost++ > 0;
        _cluster.Finish(_cluster.AddAsync(leader, 5));
        Rest();
        Assert.True(lost > 1);
        Assert.Equal((leader, term), (Leader, Term(1)));
    }

    [Fact]
    public void A_replica_that_restarts_while_its_group_sleeps_is_taken_back_into_it()
    {
        var leader = Leader;
        var restarted = (leader % 3) + 1;
        _cluster.Restart(restarted);
        _cluster.Find(restarted);
        Rest();
        Assert.Equal((leader, 1), (Leader, Term(restarted)));
        Assert.Equal(1, _cluster.Machines[restarted].Sum);
    }

    [Fact]
    public void Leadership_of_a_sleeping_group_can_be_handed_over()
    {
        var old = Leader;
        var heir = (old % 3) + 1;
        _cluster.Silos[old].Replica!.TransferAsync(new ReplicaId(heir));
        _cluster.TickUntil(() => _cluster.Leader == heir, LongestTimeout);
        Rest();
    }

    [Fact]
    public void A_sleep_message_of_an_old_term_or_for_a_longer_log_puts_nobody_to_sleep()
    {
        var leader = Leader;
        var follower = (leader % 3) + 1;
        LaneItem? sleep = null;
        _cluster.Passes = (_, to, item) =>
        {
            sleep = to == follower && item.Kind == LaneItemKind.Sleep ? item : sleep;
            return true;
        };
        _cluster.Finish(_cluster.AddAsync(leader, 5));
        Rest();
        Assert.NotNull(sleep);

        // It arrives a second time, after the next write.
        _cluster.Finish(_cluster.AddAsync(leader, 5));
        Assert.False(_cluster.Silos[follower].Replica!.IsAsleep);
        _cluster.Receive(leader, follower, sleep.Value);
        _cluster.Settle();
        Assert.False(_cluster.Silos[follower].Replica!.IsAsleep);
        Rest();
    }

    private void Rest() => _cluster.TickUntil(() => _cluster.IsAsleep, 500);

    private long Term(int silo) => _cluster.Ask(silo, node => node.Term);
}
