using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core.Departures;

/// <summary>Departure: a lease comes from promises and the caller's clock, not from the quorum check (RAFT-NOTES B.13a, SAFETY-RULES A14).</summary>
public sealed class LeaseReadTests
{
    private static readonly TimeSpan TickLength = TimeSpan.FromMilliseconds(100);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    public void A_leader_that_is_cut_off_at_any_phase_of_its_quorum_check_serves_no_stale_lease_read(int phase)
    {
        var served = 0;
        for (var run = 0; run < 200; run++)
        {
            var cluster = Elect(seed: (ulong)((phase * 1_000) + run));
            for (var tick = 0; tick <= phase; tick++)
            {
                Tick(cluster);
            }

            served += ServeCutOff(cluster, $"phase={phase} run={run}");
        }

        // Without reads that are served after the cut the test would prove nothing.
        Assert.True(served > 200, $"only {served} lease reads were served after the leader was cut off");
    }

    [Fact]
    public void A_leader_that_was_paused_and_resumes_serves_no_lease_read_before_it_hears_from_a_quorum()
    {
        var cluster = Elect(seed: 1);
        Tick(cluster);
        Assert.True(TryReadAtOnce(cluster, 1, out _), "the leader has a lease");

        // Stopped for 30 s: no ticks, and nothing is delivered to it. The others elect a leader and write.
        cluster.IsLost = message => message.To.Value == 1 || message.From.Value == 1;
        for (var tick = 0; tick < 300; tick++)
        {
            cluster.Now += TickLength;
            cluster.Tick(2, 3);
            cluster.Settle();
        }

        Write(cluster, cluster.LeaderId!.Value);
        Assert.NotEqual(1, cluster.LeaderId);

        // Resumed. A read that was queued comes before any tick.
        Assert.Equal(RaftRole.Leader, cluster[1].Role);
        Assert.False(TryReadAtOnce(cluster, 1, out _), "a lease held over a pause");
    }

    [Fact]
    public void A_leader_that_sent_TimeoutNow_has_no_lease_for_the_rest_of_its_term()
    {
        var cluster = Elect(seed: 1);
        Tick(cluster);
        cluster[1].TransferLeadership(new ReplicaId(2), cluster.Now);
        cluster.TakeReady(1);
        var timeoutNow = cluster.InFlight.Single(message => message.Type is MessageType.MsgTimeoutNow);
        cluster.InFlight.Remove(timeoutNow);

        // The transfer is given up, the leader goes on and is heard; then the delayed message arrives at its addressee.
        for (var tick = 0; tick < 15; tick++)
        {
            Tick(cluster);
        }

        Assert.Equal(RaftRole.Leader, cluster[1].Role);
        cluster.IsLost = message => message.To.Value == 1 || message.From.Value == 1;
        cluster[2].Step(timeoutNow, cluster.Now);
        cluster.Settle();
        Write(cluster, 2);
        Assert.False(TryReadAtOnce(cluster, 1, out _), "the target skipped the promises that the lease rests on");
    }

    [Fact]
    public void A_replica_that_restarts_keeps_the_promise_of_its_earlier_life()
    {
        var cluster = Elect(seed: 1);
        Tick(cluster);
        cluster.IsLost = message => message.To.Value == 1 || message.From.Value == 1;
        cluster.CrashAndRestart(2);
        cluster.CrashAndRestart(3);
        cluster[2].Tick(cluster.Now);
        cluster[3].Tick(cluster.Now);
        cluster[2].Campaign(cluster.Now);
        cluster.Settle();
        Assert.Equal(RaftRole.Follower, cluster[2].Role);
        Assert.True(TryReadAtOnce(cluster, 1, out _), "nobody can have been elected");

        cluster.Now += TimeSpan.FromMilliseconds(1_000);
        cluster[2].Campaign(cluster.Now);
        cluster.Settle();
        Assert.Equal(RaftRole.Leader, cluster[2].Role);
        Assert.False(TryReadAtOnce(cluster, 1, out _), "somebody was elected");
    }

    [Fact]
    public void A_lease_is_reckoned_from_when_the_heartbeat_was_sent_however_late_its_answers_come()
    {
        var cluster = Elect(seed: 1);
        Tick(cluster);
        cluster.Now += 20 * TickLength;
        Assert.False(TryReadAtOnce(cluster, 1, out _), "the lease has ended");

        // The followers promise now not to vote for ten ticks; the leader learns of it when six of them are over.
        cluster.Tick(1);
        cluster.TakeReady(1);
        cluster.Deliver(message => message.Type is MessageType.MsgHeartbeat);
        cluster.TakeReady(2);
        cluster.TakeReady(3);
        cluster.Now += 6 * TickLength;
        cluster.Deliver(message => message.Type is MessageType.MsgHeartbeatResp);

        Assert.True(TryReadAtOnce(cluster, 1, out _), "four ticks of the promise are left");
        cluster.Now += 4 * TickLength;
        Assert.False(TryReadAtOnce(cluster, 1, out _), "the followers may vote again");
    }

    [Fact]
    public void A_part_of_each_promise_is_left_for_clocks_that_run_at_different_rates()
    {
        var cluster = Elect(seed: 1);
        Tick(cluster);
        cluster.Now += (9 * TickLength) - TimeSpan.FromMilliseconds(1);
        Assert.True(TryReadAtOnce(cluster, 1, out _), "nine tenths of the promise");
        cluster.Now += TimeSpan.FromMilliseconds(1);
        Assert.False(TryReadAtOnce(cluster, 1, out _), "a follower whose clock runs a tenth faster may vote again");
    }

    [Fact]
    public void A_promise_holds_back_the_own_election_timer_however_fast_it_ticks()
    {
        // Only 2 hears 1, and what 3 has promised is over: the lease rests on the promise of 2 alone.
        var cluster = Elect(seed: 1);
        cluster.IsLost = message => message.To.Value == 3 || message.From.Value == 3;
        for (var tick = 0; tick < 20; tick++)
        {
            Tick(cluster);
        }

        cluster.IsLost = message => message.To.Value == 1 || message.From.Value == 1;
        TickTwo();
        Assert.Equal(RaftRole.Follower, cluster[2].Role);
        Assert.True(TryReadAtOnce(cluster, 1, out _), "nobody can have been elected");

        cluster.Now += 10 * TickLength;
        TickTwo();
        Assert.Equal(RaftRole.Leader, cluster[2].Role);
        Assert.False(TryReadAtOnce(cluster, 1, out _), "somebody was elected");

        // More ticks than any election timeout has, in no time.
        void TickTwo()
        {
            for (var tick = 0; tick < 40; tick++)
            {
                cluster.Tick(2);
                cluster.Settle();
            }
        }
    }

    [Fact]
    public void A_promise_holds_in_a_term_that_came_by_an_answer()
    {
        // 2 led once and sent an append to 3, which answers late, in the term in which it campaigns meanwhile. So 2 is in that term when 3 asks for its vote.
        var cluster = Elect(seed: 1);
        Tick(cluster);
        var (two, three, term) = (new ReplicaId(2), new ReplicaId(3), cluster[1].Term + 1);
        cluster[2].Step(Message.AppendAccepted(three, two, term, 0), cluster.Now);
        Assert.Equal((RaftRole.Follower, term), (cluster[2].Role, cluster[2].Term));
        var request = Message.RequestVote(three, two, term, new EntryId(term, 100));
        Assert.Equal(RefusalReason.LeaderAlive, cluster[2].Step(request, cluster.Now).Reason);
        Assert.True(TryReadAtOnce(cluster, 1, out _), "the leader counts on the promise of 2");

        cluster.Now += 10 * TickLength;
        Assert.True(cluster[2].Step(request, cluster.Now).IsAccepted);
        Assert.False(TryReadAtOnce(cluster, 1, out _), "3 may have been elected");
    }

    private static NodeCluster Elect(ulong seed)
    {
        var cluster = new NodeCluster(3, config => config with
        {
            ElectionSeed = seed,
            ElectionTicks = 10,
            CheckQuorum = true,
            PreVote = true,
            ReadOnlyOption = ReadOnlyOption.LeaseBased,
            VotePromise = 10 * TickLength,
            VoteRequestsWaitForDisk = true,
        });
        cluster.Tick();
        cluster.Now = TimeSpan.FromSeconds(60);
        cluster[1].Campaign(cluster.Now);
        cluster.Settle();
        Assert.Equal(RaftRole.Leader, cluster[1].Role);
        return cluster;
    }

    private static void Tick(NodeCluster cluster)
    {
        cluster.Now += TickLength;
        cluster.Tick();
        cluster.Settle();
    }

    /// <summary>Cuts the leader off and reads from it after every tick, while the others elect a leader and write.</summary>
    private static int ServeCutOff(NodeCluster cluster, string run)
    {
        cluster.IsLost = message => message.To.Value == 1 || message.From.Value == 1;
        var (served, written) = (0, 0L);
        for (var tick = 0; tick < 40 || (written == 0 && tick < 1_000); tick++)
        {
            Tick(cluster);
            if (cluster.LeaderId is { } leader && leader != 1)
            {
                written = Write(cluster, leader);
            }

            if (TryReadAtOnce(cluster, 1, out var index))
            {
                served++;
                Assert.True(index >= written, $"{run} tick={tick}: stale lease read at index {index}, {written} was acknowledged");
            }
        }

        Assert.True(written > 0, $"{run}: nobody was elected");
        return served;
    }

    private static long Write(NodeCluster cluster, long leader)
    {
        var result = cluster[leader].Propose(new byte[] { 1 }, cluster.Now);
        cluster.Settle();
        return cluster[leader].Committed >= result.Id.Index ? result.Id.Index : 0;
    }

    private static bool TryReadAtOnce(NodeCluster cluster, long id, out long index)
    {
        var states = cluster.ReadStatesOf(id);
        states.Clear();
        cluster[id].ReadIndex(4_711, cluster.Now);
        cluster.TakeReady(id);
        index = states.Count > 0 && !states[0].IsRefused ? states[0].Index : 0;
        return index > 0;
    }
}
