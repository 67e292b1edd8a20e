using Orleans.Raft.Core;
using Xunit;
using static Orleans.Raft.Tests.Core.Paper.PaperMessages;

namespace Orleans.Raft.Tests.Core.Paper;

/// <summary>Thesis 3.10, leadership transfer.</summary>
public sealed class TransferTests
{
    [Fact]
    public void Leadership_goes_to_the_server_asked_for_at_once()
    {
        var network = Network.LedBy1(3);
        Assert.True(Transfer(network, 1, 2).IsAccepted);
        Assert.Equal(2, network.Leader.Id);
        Assert.Equal(2, network.Leader.Node.Term);
    }

    [Fact]
    public void The_target_is_brought_up_to_date_before_it_is_told()
    {
        var network = Network.LedBy1(3);
        network.Isolate(2);
        network.Propose(1, "a");
        network.Heal();
        network.Forget();
        Transfer(network, 1, 2);
        network.Tick(2, 1);
        Assert.Equal(2, network.Leader.Id);
        var catchUp = network.Sent.FindIndex(message => message.Type is MessageType.MsgApp && message.To.Value == 2 && message.Entries.Count > 0);
        Assert.InRange(catchUp, 0, network.Sent.FindIndex(message => message.Type is MessageType.MsgTimeoutNow) - 1);
    }

    [Fact]
    public void While_leadership_is_handed_over_no_command_is_accepted()
    {
        var network = Network.LedBy1(3);
        network.Loses = message => message.Type is MessageType.MsgTimeoutNow;
        Transfer(network, 1, 2);
        var result = network[1].Propose("a");
        Assert.Equal((ProposeStatus.Refused, RefusalReason.TransferInProgress), (result.Status, result.Reason));
    }

    [Fact]
    public void A_transfer_that_takes_longer_than_an_election_timeout_is_given_up_and_commands_are_accepted_again()
    {
        var network = Network.LedBy1(3);
        network.Isolate(2);
        Transfer(network, 1, 2);
        network.Tick(11, 1);
        Assert.True(network.Propose(1, "a").IsAccepted);
        Assert.Equal("a", network[1].AppliedText);
    }

    [Fact]
    public void The_target_campaigns_without_waiting_and_others_vote_although_they_hear_a_leader()
    {
        var network = Network.LedBy1(3, config => config with { CheckQuorum = true, PreVote = true });
        network.Tick(2);
        network.Forget();
        Transfer(network, 1, 2);
        Assert.Equal(2, network.Leader.Id);
        Assert.Empty(network.SentOf(MessageType.MsgPreVote));
        Assert.All(network.SentOf(MessageType.MsgVote), message => Assert.True(message.IsCampaignTransfer));
    }

    [Fact]
    public void A_follower_passes_the_wish_on_to_the_leader()
    {
        var network = Network.LedBy1(3);
        var result = Transfer(network, 3, 2);
        Assert.Equal((true, true), (result.IsAccepted, result.IsForwarded));
        Assert.Equal(2, network.Leader.Id);
    }

    [Fact]
    public void A_learner_and_a_stranger_are_refused_as_targets()
    {
        var network = Network.LedBy1(3);
        network.AddFresh(4);
        network.Change(ConfChangeTransition.Auto, (ConfChangeType.AddLearnerNode, 4));
        Assert.Equal((false, RefusalReason.Learner), (Transfer(network, 1, 4).IsAccepted, Transfer(network, 1, 4).Reason));
        Assert.Equal((false, RefusalReason.UnknownPeer), (Transfer(network, 1, 9).IsAccepted, Transfer(network, 1, 9).Reason));
        Assert.Equal(1, network.Leader.Id);
    }

    [Fact]
    public void A_candidate_that_is_told_to_campaign_goes_on_with_the_election_that_it_has_begun()
    {
        var replica = Replica.WithLog(1, [1, 2, 3], []);
        replica.Campaign();
        Assert.Empty(replica.Receive(new Message { Type = MessageType.MsgTimeoutNow, From = new(2), To = new(1), Term = 1 }));
        Assert.Equal((RaftRole.Candidate, 1), (replica.Role, replica.Node.Term));
    }

    [Fact]
    public void Nothing_that_was_committed_is_lost_by_a_transfer()
    {
        var network = Network.LedBy1(5);
        for (var round = 0; round < 20; round++)
        {
            network.Propose(network.Leader.Id, $"{round}");
            Transfer(network, network.Leader.Id, (round % 5) + 1);
        }

        network.Tick(3);
        Assert.All(network.Replicas, replica => Assert.Equal(string.Join(' ', Enumerable.Range(0, 20)), replica.AppliedText));
    }

    private static TransferResult Transfer(Network network, long from, long to)
    {
        var result = network[from].Node.TransferLeadership(new ReplicaId(to), network[from].Now);
        network.Deliver();
        return result;
    }
}
