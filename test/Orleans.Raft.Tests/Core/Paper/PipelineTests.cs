using Orleans.Raft.Core;
using Xunit;
using static Orleans.Raft.Tests.Core.Paper.PaperMessages;

namespace Orleans.Raft.Tests.Core.Paper;

/// <summary>Thesis 10.2: writing in parallel, batching and pipelining.</summary>
public sealed class PipelineTests
{
    private static readonly long[] Three = [1, 2, 3];

    [Fact]
    public void The_leader_sends_entries_to_its_followers_in_parallel_with_writing_them_to_its_own_disk()
    {
        var leader = AsyncLeader();
        leader.Propose("a");
        var messages = leader.Node.Ready().Messages.ToArray();
        Assert.Contains(messages, message => message.To == ReplicaId.AppendThread && message.Entries.Count == 1);
        Assert.Equal([2, 3], messages.Where(message => message.Type is MessageType.MsgApp).Select(message => message.To.Value));
    }

    [Fact]
    public void An_entry_may_be_committed_by_a_majority_of_followers_before_the_leader_itself_has_it_on_disk()
    {
        var leader = AsyncLeader();
        var id = leader.Propose("a").Id;
        leader.Node.Ready();
        leader.Node.Step(AppendAnswer(2, 1, 1, id.Index), leader.Now);
        Assert.True(leader.Node.Committed < id.Index);
        leader.Node.Step(AppendAnswer(3, 1, 1, id.Index), leader.Now);
        Assert.Equal(id.Index, leader.Node.Committed);
    }

    [Fact]
    public void The_leader_does_not_count_its_own_entry_before_it_is_on_its_disk()
    {
        var leader = AsyncLeader();
        var id = leader.Propose("a").Id;
        var append = Assert.Single(leader.Node.Ready().Messages.ToArray(), message => message.To == ReplicaId.AppendThread);
        leader.Node.Step(AppendAnswer(2, 1, 1, id.Index), leader.Now);
        Assert.True(leader.Node.Committed < id.Index);
        foreach (var response in append.Responses)
        {
            leader.Node.Step(response, leader.Now);
        }

        Assert.Equal(id.Index, leader.Node.Committed);
    }

    [Fact]
    public void What_is_proposed_together_travels_in_one_message()
    {
        var network = Network.LedBy1(3);
        network.Forget();
        network.Loses = message => message.Type is MessageType.MsgApp;
        network[1].Propose("a");
        network[1].Work();
        network[1].Propose("b");
        network[1].Propose("c");
        network.Loses = _ => false;
        network.Deliver();
        network.Tick(2, 1);
        Assert.Equal("a b c", network[2].AppliedText);
    }

    [Fact]
    public void The_leader_sends_further_entries_without_waiting_for_acknowledgements()
    {
        var network = Network.LedBy1(3);
        network.Loses = message => message.Type is MessageType.MsgAppResp;
        network.Forget();
        for (var i = 0; i < 5; i++)
        {
            network.Propose(1, $"{i}");
        }

        Assert.Equal(network[1].Terms, network[2].Terms);
    }

    [Fact]
    public void It_sends_no_more_than_the_window_allows()
    {
        var network = Network.LedBy1(3, config => config with { MaxInflightMessages = 3 });
        network.Loses = message => message.Type is MessageType.MsgAppResp;
        network.Forget();
        for (var i = 0; i < 10; i++)
        {
            network.Propose(1, $"{i}");
        }

        Assert.Equal(3, network.Sent.Count(message => message.Type is MessageType.MsgApp && message.To.Value == 2 && message.Entries.Count > 0));
        network.Loses = _ => false;
        network.Tick(3, 1);
        Assert.Equal(network[1].Terms, network[2].Terms);
    }

    [Fact]
    public void Messages_are_limited_in_size_but_hold_at_least_one_entry()
    {
        var network = Network.LedBy1(3, config => config with { MaxSizePerMessage = 20 });
        network.Isolate(3);
        for (var i = 0; i < 10; i++)
        {
            network.Propose(1, new string('x', 15));
        }

        network.Heal();
        network.Forget();
        network.Tick(5, 1);
        Assert.Equal(network[1].Terms, network[3].Terms);
        Assert.All(network.SentOf(MessageType.MsgApp), message => Assert.InRange(message.Entries.Count, 0, 1));
    }

    private static Replica AsyncLeader()
    {
        var replica = Replica.WithLog(1, Three, [], adjust: config => config with { AsyncStorageWrites = true });
        replica.Node.Campaign(replica.Now);
        Write(replica);
        replica.Node.Step(Vote(2, 1, 1, granted: true), replica.Now);
        Assert.Equal(RaftRole.Leader, replica.Role);
        Write(replica);
        replica.Node.Step(AppendAnswer(2, 1, 1, 1), replica.Now);
        replica.Node.Step(AppendAnswer(3, 1, 1, 1), replica.Now);
        Write(replica);
        Assert.Equal(1, replica.Node.Committed);
        return replica;
    }

    // Both local threads do their work at once.
    private static void Write(Replica replica)
    {
        while (replica.Node.HasReady)
        {
            foreach (var message in replica.Node.Ready().Messages.Where(message => message.To.IsLocalThread).ToArray())
            {
                if (message.To == ReplicaId.AppendThread)
                {
                    replica.Storage.Append(message.Entries);
                }

                foreach (var response in message.Responses.Where(response => response.To == replica.Node.Id))
                {
                    replica.Node.Step(response, replica.Now);
                }
            }
        }
    }
}
