using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

/// <summary>
/// Lease reads where a process stands still in the middle of a burst of work (SAFETY-RULES A14): SIGSTOP, or a long garbage collection, right after the replica has read
/// the time. What comes after that must not be judged by the time from before it.
/// </summary>
public sealed class LeaseTests
{
    private readonly MiniCluster _cluster = new(votePromise: TimeSpan.FromMilliseconds(500));
    private readonly List<LaneItem> _sent = [];
    private long _leaderTerm;

    [Fact]
    public void A_leader_with_a_lease_answers_reads_without_asking_anybody()
    {
        var leader = Lead();
        _cluster.Passes = (_, _, _) => false;
        Assert.Equal(1, _cluster.Finish(_cluster.ReadAsync(leader), maxTicks: 0));
    }

    [Fact]
    public void When_its_lease_has_ended_a_leader_that_is_cut_off_answers_nothing()
    {
        var leader = Lead();
        _cluster.Passes = (from, to, _) => from != leader && to != leader;
        for (var tick = 0; tick < 10; tick++)
        {
            _cluster.Tick();
        }

        var read = _cluster.ReadAsync(leader);
        _cluster.Settle();
        Assert.False(read.IsCompleted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_leader_that_stood_still_within_a_burst_answers_no_read_from_before_it(bool isForwarded)
    {
        var leader = Lead();
        var asker = isForwarded ? leader % 3 + 1 : leader;
        Task<long>? read = null;
        Burst(leader, () =>
        {
            // Cut off for half a minute, while the others elect a leader and write.
            StandStill(leader, () => Assert.Equal(6, _cluster.Finish(_cluster.AddAsync(leader % 3 + 1, 5))));

            // It goes on. Nothing of what happened has reached it, and somebody asks.
            if (isForwarded)
            {
                Receive(asker, leader, Message.Of(MessageType.MsgReadIndex, new ReplicaId(asker), new ReplicaId(leader), _leaderTerm, context: 4711));
                return;
            }

            read = _cluster.ReadAsync(asker);
            _cluster.Settle();
        });

        if (isForwarded)
        {
            Assert.DoesNotContain(_sent, item => item.ReadMessage() is { Type: MessageType.MsgReadIndexResp, Context: 4711, Reject: false });
            return;
        }

        Assert.False(read!.IsCompleted, "answered from before the pause");
        _cluster.Passes = (_, _, _) => true;
        Assert.Equal(6, _cluster.Finish(read));
    }

    [Fact]
    public void A_follower_that_stood_still_within_a_burst_keeps_the_promise_that_it_gives_after_it()
    {
        var leader = Lead();
        var follower = leader % 3 + 1;
        var third = follower % 3 + 1;
        Burst(follower, () =>
        {
            _cluster.Advance(TimeSpan.FromSeconds(30));

            // A heartbeat that was sent now: the leader reckons with a promise of half a second from now on.
            Receive(leader, follower, Message.Heartbeat(new ReplicaId(leader), new ReplicaId(follower), _leaderTerm, 0, 1_000));
        });

        // Its ticker makes up for the pause: what still holds it back is the promise.
        for (var tick = 0; tick < 10; tick++)
        {
            _cluster.Silos[follower].Replica!.PostTick();
        }

        _cluster.Settle();
        var asked = Message.RequestVote(new ReplicaId(third), new ReplicaId(follower), _leaderTerm + 1, new EntryId(_leaderTerm, 1_000));
        Receive(third, follower, asked);
        _cluster.Settle();
        Assert.Equal(_leaderTerm, _cluster.Ask(follower, node => node.Term));

        _cluster.Advance(TimeSpan.FromSeconds(1));
        Receive(third, follower, asked);
        _cluster.Settle();
        Assert.Equal(_leaderTerm + 1, _cluster.Ask(follower, node => node.Term));
    }

    // A leader that everybody follows, with a lease and one entry.
    private int Lead()
    {
        _cluster.TickUntil(() => _cluster.Leader is not null);
        var leader = _cluster.Leader!.Value;
        Assert.Equal(1, _cluster.Finish(_cluster.AddAsync(leader, 1)));
        _cluster.TickUntil(() => Enumerable.Range(1, 3).All(silo => _cluster.Ask(silo, node => node.Leader).Value == leader));
        for (var tick = 0; tick < 4; tick++)
        {
            _cluster.Tick();
        }

        _leaderTerm = _cluster.Ask(leader, node => node.Term);
        return leader;
    }

    // In the middle of one burst of a replica: it has read the time, and works things off.
    private void Burst(int silo, Action pause)
    {
        var isDone = false;
        _ = _cluster.Silos[silo].Replica!.AskAsync(_ =>
        {
            pause();
            isDone = true;
            return 0;
        });
        _cluster.Settle();
        Assert.True(isDone);
    }

    private void StandStill(int silo, Action meanwhile)
    {
        _cluster.Passes = (from, to, item) =>
        {
            if (from == silo && item.Kind == LaneItemKind.Message)
            {
                _sent.Add(item);
            }

            return from != silo && to != silo;
        };
        meanwhile();
        _cluster.Advance(TimeSpan.FromSeconds(30));
    }

    private void Receive(int from, int to, Message message)
    {
        var frame = LaneFrame.Of(
            new LaneItem("sum", 0, 77, message.From, message.To, _cluster.Lives[from], default), message);
        _cluster.Receive(from, to, LaneCodec.Read(LaneCodec.Encode(Lanes.Settings(Lanes.Here, "s").Header, [frame.Item])).Items[0]);
    }
}
