using Orleans.Raft.Core;
using Xunit;
using static Orleans.Raft.Tests.Core.Paper.PaperMessages;

namespace Orleans.Raft.Tests.Core.Paper;

/// <summary>Raft §8; thesis 6.2 to 6.4.</summary>
public sealed class ClientTests
{
    private static readonly long[] Three = [1, 2, 3];

    [Fact]
    public void A_server_that_is_not_the_leader_passes_the_command_on_and_names_the_leader()
    {
        var network = Network.LedBy1(3);
        var result = network.Propose(2, "a");
        Assert.Equal((ProposeStatus.Forwarded, new ReplicaId(1)), (result.Status, result.Leader));
        Assert.Equal("a", network[1].AppliedText);
    }

    [Fact]
    public void A_server_that_must_not_pass_commands_on_refuses_and_names_the_leader()
    {
        var network = Network.LedBy1(3, config => config with { DisableProposalForwarding = true });
        var result = network.Propose(2, "a");
        Assert.Equal((ProposeStatus.Refused, RefusalReason.ForwardingDisabled, new ReplicaId(1)), (result.Status, result.Reason, result.Leader));
    }

    [Fact]
    public void Without_a_leader_a_command_is_refused_at_once()
    {
        var result = Replica.WithLog(1, Three, []).Propose("a");
        Assert.Equal((ProposeStatus.Refused, RefusalReason.NoLeader), (result.Status, result.Reason));
    }

    [Fact]
    public void A_leader_that_cannot_reach_a_majority_for_an_election_timeout_steps_down()
    {
        var network = Network.LedBy1(3, config => config with { CheckQuorum = true });
        network.Isolate(1);
        network.Tick(20, 1);
        Assert.Equal(RaftRole.Follower, network[1].Role);
        Assert.Equal(1, network[1].Node.Term);
    }

    [Fact]
    public void A_leader_that_reaches_a_majority_does_not_step_down()
    {
        var network = Network.LedBy1(3, config => config with { CheckQuorum = true });
        network.Isolate(3);
        network.Tick(100, 1, 2);
        Assert.Equal(RaftRole.Leader, network[1].Role);
    }

    [Fact]
    public void A_read_gets_the_commit_index_once_a_majority_has_answered_a_round_of_heartbeats()
    {
        var network = Network.LedBy1(3);
        network.Propose(1, "a");
        network.Forget();
        Assert.True(network.Read(1, 77).IsAccepted);
        Assert.Equal([new ReadState(2, 77)], network[1].Reads);
        Assert.Equal(2, network.SentOf(MessageType.MsgHeartbeat).Count());
    }

    [Fact]
    public void A_leader_that_does_not_hear_a_majority_answers_no_read()
    {
        var network = Network.LedBy1(3);
        network.Isolate(1);
        network.Read(1, 77);
        network.Tick(5, 1);
        Assert.Empty(network[1].Reads);
    }

    [Fact]
    public void A_deposed_leader_never_answers_a_read_that_came_before_it_knew()
    {
        var network = Network.LedBy1(3);
        network.Isolate(1);
        network.Post(network[2].Campaign());
        network.Deliver();
        network.Propose(2, "newer");
        network.Read(1, 77);
        network.Heal();
        network.Tick(5);
        Assert.DoesNotContain(network[1].Reads, read => !read.IsRefused && read.Index < network[2].Node.Committed);
    }

    [Fact]
    public void Answers_to_heartbeats_sent_before_the_read_do_not_count_for_it()
    {
        var network = Network.LedBy1(3);
        // Answers of the round before the read.
        var old = network[1].Tick().Where(message => message.Type is MessageType.MsgHeartbeat).Select(message => network[message.To.Value].Receive(message)).SelectMany(sent => sent).ToList();
        network.Loses = message => message.Type is MessageType.MsgHeartbeat;
        network.Read(1, 77);
        foreach (var answer in old)
        {
            network.Post(network[1].Receive(answer));
        }

        network.Deliver();
        Assert.Empty(network[1].Reads);
    }

    [Fact]
    public void A_context_that_is_used_again_is_confirmed_by_answers_to_the_later_heartbeats_only()
    {
        // etcd/raft issue 392: the answer of 3 to the first round comes when the second read with the same context waits.
        var network = Network.LedBy1(3);
        network[1].Node.ReadIndex(77, network[1].Now);
        var answers = network[1].Work().Where(message => message.Type is MessageType.MsgHeartbeat).ToDictionary(
            message => message.To.Value, message => network[message.To.Value].Receive(message));
        network.Post(answers[2].SelectMany(network[1].Receive));
        Assert.Equal(77, Assert.Single(network[1].Reads).Context);

        network.Loses = message => message.Type is MessageType.MsgHeartbeat;
        network.Read(1, 77);
        network.Post(answers[3].SelectMany(network[1].Receive));
        Assert.Single(network[1].Reads);
    }

    [Fact]
    public void A_new_leader_answers_no_read_before_it_has_committed_an_entry_of_its_term()
    {
        var network = Network.LedBy1(3);
        network.Propose(1, "a");
        network.Isolate(1);
        network.Loses = message => message.Type is MessageType.MsgApp && message.From.Value == 2;
        network.Post(network[2].Campaign());
        network.Deliver();
        Assert.Equal(RaftRole.Leader, network[2].Role);
        network.Read(2, 77);
        network.Tick(2, 2);
        Assert.Empty(network[2].Reads);
        network.Loses = _ => false;
        network.Tick(3, 2);
        var read = Assert.Single(network[2].Reads);
        Assert.Equal((77, 3), (read.Context, read.Index));
    }

    [Fact]
    public void A_single_server_too_commits_in_its_term_before_it_answers_a_read()
    {
        var replica = Replica.WithLog(1, [1], [1, 1, 1], adjust: config => config with { AsyncStorageWrites = true });
        replica.Node.Campaign(replica.Now);
        foreach (var response in replica.Node.Ready().Messages.ToArray().SelectMany(message => message.Responses))
        {
            replica.Node.Step(response, replica.Now);
        }

        Assert.Equal(RaftRole.Leader, replica.Role);
        replica.Node.ReadIndex(77, replica.Now);
        var ready = replica.Node.Ready();
        Assert.Empty(ready.ReadStates);
    }

    [Fact]
    public void A_follower_asks_the_leader_for_the_read_index_and_reads_itself()
    {
        var network = Network.LedBy1(3);
        network.Propose(1, "a");
        var result = network.Read(3, 77);
        Assert.Equal((true, true, new ReplicaId(1)), (result.IsAccepted, result.IsForwarded, result.Leader));
        Assert.Equal([new ReadState(2, 77)], network[3].Reads);
        Assert.Empty(network[1].Reads);
    }

    [Fact]
    public void Without_a_leader_a_read_is_refused_at_once()
    {
        var replica = Replica.WithLog(1, Three, []);
        var result = replica.Node.ReadIndex(1, replica.Now);
        Assert.Equal((false, RefusalReason.NoLeader), (result.IsAccepted, result.Reason));
    }

    [Fact]
    public void Many_reads_share_one_round_of_heartbeats()
    {
        var network = Network.LedBy1(3);
        network.Forget();
        for (var context = 1; context <= 100; context++)
        {
            network[1].Node.ReadIndex(context, network[1].Now);
        }

        network.Deliver();
        Assert.Equal(Enumerable.Range(1, 100).Select(context => (long)context), network[1].Reads.Select(read => read.Context));
        Assert.InRange(network.SentOf(MessageType.MsgHeartbeat).Count(), 2, 200);
    }

    [Fact]
    public void A_leader_that_left_the_configuration_does_not_answer_reads_alone()
    {
        // RAFT-NOTES B.13c: one voter is left, and it is another.
        var network = Network.LedBy1(2);
        network.Change(ConfChangeTransition.Auto, (ConfChangeType.RemoveNode, 1));
        network.Isolate(1);
        var result = network.Read(1, 77);
        network.Tick(3, 1);
        Assert.Empty(network[1].Reads);
        Assert.True(!result.IsAccepted || network[1].Reads.Count == 0);
    }
}
