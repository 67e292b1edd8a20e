using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

/// <summary>Who may write, who waits, and what time does to a replica: SAFETY-RULES A12, C5 and C9 in hosting.</summary>
public sealed class OwnershipTests
{
    private readonly MiniCluster _cluster = new();

    [Fact]
    public void An_abandoned_replica_that_still_runs_writes_nothing_answers_nothing_and_stops()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        _cluster.TickUntil(() => _cluster.Leader is not null);
        var follower = _cluster.Leader!.Value % 3 + 1;
        var candidate = follower % 3 + 1;
        var abandoned = _cluster.Silos[follower].Replica!;
        var abandonedLife = _cluster.Lives[follower];
        _cluster.Start(follower);
        var term = _cluster.Ask(follower, node => node.Term);

        // The stuck one wakes up and is asked for its vote in the next term, which its successor has not heard of.
        var granted = new List<Message>();
        _cluster.Passes = (from, _, item) =>
        {
            if (from == follower && item.FromLife == abandonedLife && item.Kind == LaneItemKind.Message)
            {
                granted.Add(item.ReadMessage());
            }

            return false;
        };
        var request = Message.RequestVote(new ReplicaId(candidate), new ReplicaId(follower), term + 1, new EntryId(term, 1_000), isCampaignTransfer: true);
        var item = new LaneItem("sum", 0, 77, new ReplicaId(candidate), new ReplicaId(follower), _cluster.Lives[candidate], default) { Message = request };
        var bytes = LaneCodec.Encode(Lanes.Settings(Lanes.Here, "s").Header, [item]);
        abandoned.Post(new ReplicaWork(ReplicaWorkKind.Item, Silo: $"s{candidate}", Item: LaneCodec.Read(bytes).Items[0]));
        _cluster.Settle();
        Assert.True(SpinWait.SpinUntil(() => Settled(() => abandoned.Fault is not null), TimeSpan.FromSeconds(10)));

        Assert.Contains(nameof(FencedException), abandoned.Fault, StringComparison.Ordinal);
        Assert.DoesNotContain(granted, message => message.Type == MessageType.MsgVoteResp);
        Assert.Equal(term, _cluster.Ask(follower, node => node.Term));
        Assert.Null(_cluster.Silos[follower].Replica!.Fault);

        _cluster.Passes = (_, _, _) => true;
        Assert.Equal(2, _cluster.Finish(_cluster.AddAsync(follower, 1)));
    }

    [Fact]
    public void A_write_whose_entry_comes_back_to_its_silo_inside_a_snapshot_is_answered_once()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        _cluster.TickUntil(() => _cluster.Leader is not null);
        var leader = _cluster.Leader!.Value;
        var writer = leader % 3 + 1;
        var third = writer % 3 + 1;
        _cluster.Finish(_cluster.AddAsync(writer, 1));

        // The writer is heard and hears nothing: its command is applied by the others, and is cut from their logs before it can hear of it.
        _cluster.Passes = (_, to, _) => to != writer;
        var add = _cluster.AddAsync(writer, 5);
        _cluster.TickUntil(() => _cluster.Machines[leader].Sum == 7);
        for (var i = 0; i < 20; i++)
        {
            _cluster.Finish(_cluster.AddAsync(third, 1));
        }

        _cluster.Compact(leader);
        _cluster.Compact(third);
        Assert.False(add.IsCompleted);

        _cluster.Passes = (_, _, _) => true;
        Assert.Equal(7, _cluster.Finish(add));
        Assert.Equal(27, _cluster.Finish(_cluster.ReadAsync(writer)));
    }

    [Fact]
    public void A_write_of_a_deposed_leader_whose_entry_was_overwritten_is_done_by_the_next_one_once()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        _cluster.TickUntil(() => _cluster.Leader is not null);
        var deposed = _cluster.Leader!.Value;
        var other = deposed % 3 + 1;
        _cluster.Finish(_cluster.AddAsync(deposed, 1));
        _cluster.Passes = (from, to, _) => from != deposed && to != deposed;
        var add = _cluster.AddAsync(deposed, 5);
        _cluster.Settle();
        var index = _cluster.Ask(deposed, node => node.LastIndex);
        _cluster.Finish(_cluster.AddAsync(other, 10));
        _cluster.TickUntil(() => _cluster.Ask(other, node => node.LastIndex) >= index);

        _cluster.Passes = (_, _, _) => true;
        Assert.Equal(17, _cluster.Finish(add));
        Assert.Equal(17, _cluster.Finish(_cluster.ReadAsync(other)));
    }

    [Fact]
    public void Ticks_that_piled_up_while_a_replica_stood_still_are_cut_to_one_election_timeout()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        _cluster.TickUntil(() => _cluster.Leader is not null);
        var leader = _cluster.Leader!.Value;
        var beats = 0;
        _cluster.Passes = (from, _, item) =>
        {
            beats += from == leader && item.Kind == LaneItemKind.Message && item.ReadMessage().Type == MessageType.MsgHeartbeat ? 1 : 0;
            return true;
        };
        for (var tick = 0; tick < 10_000; tick++)
        {
            _cluster.Silos[leader].Replica!.PostTick();
        }

        _cluster.Settle();

        // An election timeout of ten ticks with a beat a tick to two peers.
        Assert.InRange(beats, 1, 20);
        Assert.Equal(3, _cluster.Finish(_cluster.AddAsync(leader, 2)));
    }

    [Fact]
    public void Groups_are_ticked_spread_over_the_interval()
    {
        var time = new SteppedTime();
        var slots = new List<int>();
        using var ticker = new RaftTicker(time, TimeSpan.FromMilliseconds(50), slots.Add);
        Assert.Equal(TimeSpan.FromMilliseconds(10), time.Period);
        for (var step = 0; step < 10; step++)
        {
            time.Fire();
        }

        Assert.Equal([0, 1, 2, 3, 4, 0, 1, 2, 3, 4], slots);
    }

    private bool Settled(Func<bool> isSo)
    {
        _cluster.Settle();
        return isSo();
    }

    private sealed class SteppedTime : TimeProvider
    {
        private TimerCallback? _callback;
        private object? _state;

        public TimeSpan Period { get; private set; }

        public void Fire() => _callback!(_state);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (_callback, _state, Period) = (callback, state, period);
            return new Stopped();
        }

        private sealed class Stopped : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
