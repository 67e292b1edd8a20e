using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

/// <summary>What a replica listens to: leaders that it does not know (SAFETY-RULES A9), and what needs no room in a full log queue (B9).</summary>
public sealed class AdmissionTests
{
    private static readonly ReplicaId Stranger = new(4);

    private readonly MiniCluster _cluster = new();

    [Fact]
    public void A_leader_that_the_replicas_own_older_configuration_does_not_know_is_followed()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        var term = _cluster.Ask(1, node => node.Term) + 1;
        var asked = new List<MessageType>();
        _cluster.Passes = (from, to, item) =>
        {
            if (from == 1 && to == 4)
            {
                asked.Add(item.ReadMessage().Type);
            }

            return to != 4;
        };

        Receive(1, Message.Heartbeat(Stranger, new ReplicaId(1), term, 0, 1));
        _cluster.Settle();

        Assert.Equal(Stranger, _cluster.Ask(1, node => node.Leader));
        Assert.Equal([MessageType.MsgHeartbeatResp], asked);
    }

    [Fact]
    public void While_the_log_queue_is_full_heartbeats_and_votes_go_on_and_no_entry_is_admitted()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        _cluster.TickUntil(() => _cluster.Leader is not null);
        var leader = _cluster.Leader!.Value;
        var term = _cluster.Ask(leader, node => node.Term);
        SetFull(silo => silo != leader);
        var last = _cluster.Ask(leader, node => node.LastIndex);
        var add = _cluster.AddAsync(leader, 1);
        for (var tick = 0; tick < 60; tick++)
        {
            _cluster.Tick();
        }

        Assert.False(add.IsCompleted);
        for (var silo = 1; silo <= 3; silo++)
        {
            Assert.Equal(term, _cluster.Ask(silo, node => node.Term));
            Assert.Equal(new ReplicaId(leader), _cluster.Ask(silo, node => node.Leader));
            Assert.Equal(silo == leader ? last + 1 : last, _cluster.Ask(silo, node => node.LastIndex));
        }

        SetFull(_ => false);
        Assert.Equal(2, _cluster.Finish(add));
    }

    private void SetFull(Func<int, bool> isFull)
    {
        for (var silo = 1; silo <= 3; silo++)
        {
            _cluster.Disks[silo].IsFull = isFull(silo);
        }
    }

    private void Receive(int silo, Message message)
    {
        var life = new ReplicaLife(new Guid(4, 0, 0, new byte[8]), 1, 1);
        var item = new LaneItem("sum", 0, 77, Stranger, new ReplicaId(silo), life, default) { Message = message };
        var header = new LaneHeader(LaneCodec.ProtocolVersion, Guid.Empty, "s4", life.Store, 1, Guid.Empty, 0, 1, 1);
        _cluster.Receive(4, silo, LaneCodec.Read(LaneCodec.Encode(header, [item])).Items[0]);
    }
}
