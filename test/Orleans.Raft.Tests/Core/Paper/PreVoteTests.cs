using Orleans.Raft.Core;
using Xunit;
using static Orleans.Raft.Tests.Core.Paper.PaperMessages;

namespace Orleans.Raft.Tests.Core.Paper;

/// <summary>Thesis 9.6 and 4.2.3: servers that come back do not disrupt.</summary>
public sealed class PreVoteTests
{
    private static readonly long[] Three = [1, 2, 3];

    [Fact]
    public void A_server_asks_whether_it_would_win_before_it_raises_its_term()
    {
        var replica = PreVoting([1, 2], term: 3);
        var sent = replica.TickUntilCampaign();
        Assert.Equal(RaftRole.PreCandidate, replica.Role);
        Assert.Equal(3, replica.Node.Term);
        Assert.All(sent, message => Assert.Equal((MessageType.MsgPreVote, 4, 2, 2), (message.Type, message.Term, message.LogTerm, message.Index)));
        Assert.Equal(new HardState(3, ReplicaId.None, 0), replica.Storage.InitialState.HardState);
    }

    [Fact]
    public void It_campaigns_only_once_a_majority_would_vote_for_it()
    {
        var replica = PreVoting([]);
        replica.TickUntilCampaign();
        var sent = replica.Receive(PreVoteAnswer(2, 1, 1, granted: true));
        Assert.Equal(RaftRole.Candidate, replica.Role);
        Assert.Equal(1, replica.Node.Term);
        Assert.All(sent, message => Assert.Equal(MessageType.MsgVote, message.Type));
    }

    [Fact]
    public void A_majority_of_refusals_makes_it_a_follower_in_its_old_term()
    {
        var replica = PreVoting([], term: 3);
        replica.TickUntilCampaign();
        replica.Receive(PreVoteAnswer(2, 1, 3, granted: false));
        replica.Receive(PreVoteAnswer(3, 1, 3, granted: false));
        Assert.Equal((RaftRole.Follower, 3), (replica.Role, replica.Node.Term));
    }

    [Fact]
    public void Granting_a_pre_vote_changes_neither_term_nor_vote_nor_the_election_timer()
    {
        var replica = PreVoting([]);
        replica.Tick(9);
        var answer = Assert.Single(replica.Receive(PreVote(2, 1, 1, default)));
        Assert.Equal((MessageType.MsgPreVoteResp, false, 1), (answer.Type, answer.Reject, answer.Term));
        Assert.Equal(default, replica.Storage.InitialState.HardState);
        Assert.False(Assert.Single(replica.Receive(PreVote(3, 1, 1, default))).Reject);
        Assert.NotEmpty(replica.Tick(11));
    }

    [Fact]
    public void A_pre_vote_is_refused_if_the_asking_log_is_less_up_to_date()
    {
        var replica = PreVoting([1, 2], term: 2);
        var answer = Assert.Single(replica.Receive(PreVote(2, 1, 3, new EntryId(1, 9))));

        // In its own term: nobody is in the one that was asked for, and nobody must learn it from a refusal.
        Assert.Equal((MessageType.MsgPreVoteResp, true, 2), (answer.Type, answer.Reject, answer.Term));
    }

    [Fact]
    public void A_server_that_hears_a_leader_does_not_grant_a_pre_vote()
    {
        var replica = Replica.WithLog(1, Three, [], adjust: config => config with { PreVote = true, CheckQuorum = true });
        replica.Receive(Heartbeat(2, 1, 1));
        Assert.DoesNotContain(replica.Receive(PreVote(3, 1, 2, new EntryId(1, 9))), message => message is { Type: MessageType.MsgPreVoteResp, Reject: false });
    }

    [Fact]
    public void A_server_that_was_cut_off_does_not_depose_the_leader_when_it_comes_back()
    {
        var network = Network.LedBy1(3, config => config with { PreVote = true, CheckQuorum = true });
        network.Isolate(3);
        network.Tick(100);
        Assert.Equal(1, network[3].Node.Term);
        network.Heal();
        network.Tick(30);
        Assert.Equal((1, 1), (network.Leader.Id, network.Leader.Node.Term));
        Assert.All(network.Replicas, replica => Assert.Equal(1, replica.Node.Term));
    }

    [Fact]
    public void Without_pre_vote_it_would()
    {
        var network = Network.LedBy1(3);
        network.Isolate(3);
        network.Tick(100, 1, 3);
        network.Heal();
        network.TickUntil(() => network[1].Node.Term > 1, "The disruption of a working leader");
    }

    [Fact]
    public void When_the_leader_dies_the_others_elect_one_with_pre_vote_too()
    {
        var network = Network.LedBy1(3, config => config with { PreVote = true, CheckQuorum = true });
        network.Tick(3);
        network.Isolate(1);
        network.TickUntil(() => network[2].Role is RaftRole.Leader || network[3].Role is RaftRole.Leader, "An election among the others");
    }

    private static Replica PreVoting(long[] log, long term = 0) =>
        Replica.WithLog(1, Three, log, term, adjust: config => config with { PreVote = true });
}
