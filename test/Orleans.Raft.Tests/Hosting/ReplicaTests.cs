using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

public sealed class ReplicaTests
{
    private readonly MiniCluster _cluster = new();

    [Fact]
    public void Every_silo_writes_and_every_silo_reads_what_was_acknowledged_before()
    {
        for (var silo = 1; silo <= 3; silo++)
        {
            Assert.Equal(silo * 10, _cluster.Finish(_cluster.AddAsync(silo, 10)));
            for (var reader = 1; reader <= 3; reader++)
            {
                Assert.Equal(silo * 10, _cluster.Finish(_cluster.ReadAsync(reader)));
            }
        }
    }

    [Fact]
    public void Commands_that_wait_together_travel_as_one_entry()
    {
        _cluster.Finish(_cluster.AddAsync(1, 0));
        var last = LastIndex();
        var adds = Enumerable.Range(0, 100).Select(_ => _cluster.AddAsync(1, 1)).ToArray();
        _cluster.Finish(Task.WhenAll(adds));
        Assert.Equal(last + 1, LastIndex());
    }

    [Fact]
    public void A_command_whose_answers_are_lost_is_sent_again_and_applied_once()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        _cluster.TickUntil(() => _cluster.Leader is not null);
        var leader = _cluster.Leader!.Value;
        var other = leader % 3 + 1;
        _cluster.Finish(_cluster.AddAsync(other, 1));

        // The asker hears neither answers nor entries for a while, but what it sends arrives.
        _cluster.Passes = (_, to, _) => to != other;
        var add = _cluster.AddAsync(other, 5);
        for (var tick = 0; tick < 30; tick++)
        {
            _cluster.Tick();
        }

        Assert.False(add.IsCompleted);
        _cluster.Passes = (_, _, _) => true;
        Assert.Equal(7, _cluster.Finish(add));
        Assert.Equal(7, _cluster.Finish(_cluster.ReadAsync(leader)));
    }

    [Fact]
    public void When_the_leader_is_cut_off_its_unanswered_commands_go_to_the_next_leader_and_are_applied_once()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        _cluster.TickUntil(() => _cluster.Leader is not null);
        var old = _cluster.Leader!.Value;
        var writer = old % 3 + 1;
        _cluster.Finish(_cluster.AddAsync(writer, 1));

        // The old leader takes the command and replicates it, and is cut off before its answers leave.
        var isCut = false;
        _cluster.Passes = (from, to, item) => !(isCut && (from == old || to == old)) && !(from == old && item.Kind == LaneItemKind.Answers);
        var add = _cluster.AddAsync(writer, 5);
        isCut = true;
        Assert.Equal(7, _cluster.Finish(add));
        isCut = false;
        _cluster.Passes = (_, _, _) => true;
        for (var silo = 1; silo <= 3; silo++)
        {
            Assert.Equal(7, _cluster.Finish(_cluster.ReadAsync(silo)));
            Assert.Equal(3, _cluster.Machines[silo].Applied);
        }
    }

    [Fact]
    public void Without_a_majority_a_write_that_was_sent_ends_as_unknown_and_a_read_as_unavailable()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        _cluster.TickUntil(() => _cluster.Leader is not null);
        var leader = _cluster.Leader!.Value;
        _cluster.Passes = (_, _, _) => false;
        var add = _cluster.AddAsync(leader, 5);
        var read = _cluster.ReadAsync(leader);
        Assert.Throws<OutcomeUnknownException>(() => _cluster.Finish(add));
        Assert.Throws<RaftUnavailableException>(() => _cluster.Finish(read));
    }

    [Fact]
    public void A_write_that_every_replica_refused_was_not_done_and_is_not_called_unknown()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        _cluster.Passes = (_, _, item) => item.Kind != LaneItemKind.Message;
        _cluster.TickUntil(() => Enumerable.Range(1, 3).All(silo => _cluster.Ask(silo, node => node.Role) != RaftRole.Leader));
        var add = _cluster.AddAsync(1, 5);
        Assert.Contains("it was not done", Assert.Throws<RaftUnavailableException>(() => _cluster.Finish(add)).Message, StringComparison.Ordinal);
        _cluster.Passes = (_, _, _) => true;
        Assert.Equal(2, _cluster.Finish(_cluster.AddAsync(1, 1)));
    }

    [Fact]
    public void A_read_whose_own_replica_lags_is_answered_by_the_leader_soon()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        _cluster.TickUntil(() => _cluster.Leader is not null);
        var leader = _cluster.Leader!.Value;
        var lagging = leader % 3 + 1;
        _cluster.Passes = (_, to, item) => to != lagging || item.Kind != LaneItemKind.Message || item.ReadMessage().Type != MessageType.MsgApp;
        _cluster.Finish(_cluster.AddAsync(leader, 5));
        Assert.Equal(1, _cluster.Machines[lagging].Sum);
        Assert.Equal(6, _cluster.Finish(_cluster.ReadAsync(lagging), maxTicks: 4));
        Assert.Equal(1, _cluster.Machines[lagging].Sum);
    }

    [Fact]
    public void A_read_whose_leader_loses_the_lead_before_it_is_confirmed_is_not_answered_with_what_is_there()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        _cluster.TickUntil(() => _cluster.Leader is not null);
        var leader = _cluster.Leader!.Value;
        var lagging = (leader % 3) + 1;
        var next = (lagging % 3) + 1;

        // The leader can't confirm reads, and one follower does not hear of what is written.
        _cluster.Passes = (_, to, item) => item.Kind != LaneItemKind.Message || (to == leader
            ? item.ReadMessage().Type is not MessageType.MsgHeartbeatResp
            : to != lagging || item.ReadMessage().Type is not MessageType.MsgApp);
        var read = _cluster.ReadAsync(lagging);
        _cluster.Settle();
        Assert.Equal(6, _cluster.Finish(_cluster.AddAsync(leader, 5)));
        var transfer = _cluster.Silos[leader].Replica!.TransferAsync(new ReplicaId(next));
        _cluster.TickUntil(() => _cluster.Ask(leader, node => node.Role) != RaftRole.Leader);
        Assert.True(transfer.IsCompletedSuccessfully);
        Assert.Equal(6, _cluster.Finish(read));
        Assert.Equal(1, _cluster.Machines[lagging].Sum);
    }

    [Fact]
    public void A_vote_for_an_earlier_life_is_not_counted_by_the_next_one()
    {
        // The leader is gone; another silo asks a third one whether it would win, and restarts before the answer comes.
        _cluster.Finish(_cluster.AddAsync(1, 1));
        _cluster.TickUntil(() => _cluster.Leader is not null);
        var leader = _cluster.Leader!.Value;
        var (asking, answering) = (leader % 3 + 1, (leader + 1) % 3 + 1);
        LaneItem? late = null;
        _cluster.Passes = (from, to, item) =>
        {
            if (from == answering && to == asking && item.Kind == LaneItemKind.Message && item.ReadMessage() is { Type: MessageType.MsgPreVoteResp, Reject: false })
            {
                late ??= item;
            }

            return from != leader && to != leader && to != asking;
        };
        _cluster.TickUntil(() => late is not null);
        Assert.Equal(1, late!.Value.ToLife.OpenCounter);

        _cluster.Passes = (_, _, _) => false;
        _cluster.Restart(asking);
        _cluster.TickUntil(() => _cluster.Ask(asking, node => node.Role) == RaftRole.PreCandidate);
        _cluster.Receive(answering, asking, late.Value);
        Assert.Equal(RaftRole.PreCandidate, _cluster.Ask(asking, node => node.Role));
    }

    [Fact]
    public void A_restarted_replica_has_what_it_acknowledged()
    {
        _cluster.Finish(_cluster.AddAsync(1, 42));
        for (var silo = 1; silo <= 3; silo++)
        {
            _cluster.Restart(silo);
        }

        Assert.Equal(42, _cluster.Finish(_cluster.ReadAsync(2)));
        Assert.Equal(43, _cluster.Finish(_cluster.AddAsync(3, 1)));
    }

    [Fact]
    public void A_state_machine_that_throws_faults_its_replicas_and_callers_are_told_within_the_budget()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        var poison = _cluster.AddAsync(1, long.MinValue);
        Assert.Throws<OutcomeUnknownException>(() => _cluster.Finish(poison));
        Assert.Contains("poison", _cluster.Silos[1].Replica!.Fault, StringComparison.Ordinal);

        // Which entry it was, in words that lead to the same place on every replica (SAFETY-RULES B13).
        var places = Enumerable.Range(1, 3).Select(silo => _cluster.Silos[silo].Replica!.Fault).OfType<string>().Select(fault => fault[fault.IndexOf("command 0 of entry", StringComparison.Ordinal)..].Split(',')[0]);
        Assert.Single(places.Distinct());
        Assert.ThrowsAny<Orleans.Runtime.OrleansException>(() => _cluster.Finish(_cluster.ReadAsync(2)));
    }

    [Fact]
    public void A_faulted_replica_refuses_questions_and_can_be_stopped()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        Assert.Throws<OutcomeUnknownException>(() => _cluster.Finish(_cluster.AddAsync(1, long.MinValue)));
        var replica = _cluster.Silos[1].Replica!;
        var question = replica.AskAsync(node => node.Term);
        replica.PostStop();
        _cluster.Settle();
        Assert.Contains("poison", Assert.Throws<RaftException>(() => question.GetAwaiter().GetResult()).Message, StringComparison.Ordinal);
        Assert.True(replica.Stopped.IsCompletedSuccessfully);

        var late = replica.AskAsync(node => node.Term);
        _cluster.Settle();
        Assert.Throws<RaftException>(() => late.GetAwaiter().GetResult());
    }

    [Fact]
    public void A_cancelled_write_ends_at_once()
    {
        using var cancel = new CancellationTokenSource();
        var add = _cluster.Silos[1].Client.ProposeAsync(SumMachine.Bytes(1), cancel.Token);
        cancel.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => _cluster.Finish(add, maxTicks: 1));
    }

    [Fact]
    public void What_waits_on_a_stopping_silo_for_a_majority_that_is_gone_ends_at_once_and_says_whether_it_may_have_been_done()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        _cluster.TickUntil(() => _cluster.Leader is not null);
        _cluster.Passes = (_, _, _) => false;
        var client = _cluster.Silos[1].Client;
        var sent = _cluster.AddAsync(1, 5);
        var read = _cluster.ReadAsync(1);
        _cluster.Settle();

        var waiting = _cluster.AddAsync(1, 6);
        client.GiveUp("the silo stops and a majority is gone");
        Assert.Throws<OutcomeUnknownException>(() => _cluster.Finish(sent, maxTicks: 1));
        Assert.Contains("not done", Assert.Throws<RaftUnavailableException>(() => _cluster.Finish(waiting, maxTicks: 1)).Message, StringComparison.Ordinal);
        Assert.Throws<RaftUnavailableException>(() => _cluster.Finish(read, maxTicks: 1));
        Assert.Throws<RaftUnavailableException>(() => { _ = _cluster.AddAsync(1, 7).GetAwaiter().GetResult(); });

        client.GiveUp(null);
        _cluster.Passes = (_, _, _) => true;
        Assert.True(_cluster.Finish(_cluster.AddAsync(1, 8)) is 9 or 14);
    }

    [Fact]
    public void What_comes_beyond_the_limit_of_what_may_wait_is_refused_at_once_and_was_not_done()
    {
        _cluster.Passes = (_, _, _) => false;
        var limit = new GroupClientSettings { Silo = "s1" }.MaxWaiting;
        for (var i = 0; i < limit; i++)
        {
            _ = _cluster.Silos[1].Client.ProposeAsync(SumMachine.Bytes(1), CancellationToken.None);
        }

        var beyond = Assert.Throws<RaftBusyException>(() => { _ = _cluster.Silos[1].Client.ProposeAsync(SumMachine.Bytes(1), CancellationToken.None); });
        Assert.Contains("Nothing was done", beyond.Message, StringComparison.Ordinal);
        Assert.Equal(limit, _cluster.Silos[1].Client.WaitingCount);
    }

    [Fact]
    public void What_every_replica_refused_was_not_done_when_the_silo_gives_up_either()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        _cluster.TickUntil(() => _cluster.Leader is not null);
        for (var silo = 1; silo <= 3; silo++)
        {
            _cluster.Disks[silo].IsFull = true;
        }

        var add = _cluster.AddAsync(1, 5);
        _cluster.Settle();
        _cluster.Silos[1].Client.GiveUp("the silo stops");
        Assert.Contains("not done", Assert.Throws<RaftUnavailableException>(() => _cluster.Finish(add, maxTicks: 1)).Message, StringComparison.Ordinal);
    }

    private long LastIndex() => _cluster.Ask(1, node => node.LastIndex);
}
