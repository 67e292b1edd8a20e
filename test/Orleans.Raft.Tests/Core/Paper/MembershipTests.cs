using Orleans.Raft.Core;
using Xunit;
using static Orleans.Raft.Core.ConfChangeType;
using static Orleans.Raft.Tests.Core.Paper.PaperMessages;

namespace Orleans.Raft.Tests.Core.Paper;

/// <summary>Raft §6; thesis 4.1 to 4.3.</summary>
public sealed class MembershipTests
{
    [Fact]
    public void A_server_is_added_by_a_single_step_and_gets_the_log()
    {
        var network = Network.LedBy1(3);
        network.Propose(1, "a");
        network.AddFresh(4);
        Assert.True(network.Change(ConfChangeTransition.Auto, (AddNode, 4)).IsAccepted);
        network.Tick(3, 1);
        Assert.Equal([1, 2, 3, 4], Voters(network[1]));
        Assert.Equal([1, 2, 3, 4], Voters(network[4]));
        Assert.Equal("a", network[4].AppliedText);
    }

    [Fact]
    public void A_server_that_was_just_added_does_not_cost_the_leader_its_majority_before_it_could_answer()
    {
        var network = Network.LedBy1(1, config => config with { CheckQuorum = true });
        network.Tick(9);
        Assert.True(network.Change(ConfChangeTransition.Auto, (AddNode, 2)).IsAccepted);
        network.Tick(1);
        Assert.Equal(RaftRole.Leader, network[1].Role);
        network.Tick(10);
        Assert.Equal(RaftRole.Follower, network[1].Role);
    }

    [Fact]
    public void A_server_is_removed_by_a_single_step_and_counts_no_more()
    {
        var network = Network.LedBy1(3);
        network.Change(ConfChangeTransition.Auto, (RemoveNode, 3));
        network.Isolate(3);
        network.Propose(1, "a");
        Assert.Equal("a", network[1].AppliedText);
        network.Isolate(2);
        network.Propose(1, "b");
        Assert.Equal("a", network[1].AppliedText);
    }

    [Fact]
    public void What_a_majority_of_the_smaller_configuration_has_is_committed_when_the_removal_is_applied()
    {
        // 1 and 2 have "a"; that is a majority of {1,2,3} and none of {1,2,3,4}. The removal itself is committed by 3's answer, which lacks "a".
        var network = Network.LedBy1(4, config => config with { MaxSizePerMessage = 0 });
        network.Isolate(3);
        network.Isolate(4);
        network.Change(ConfChangeTransition.Auto, (RemoveNode, 4));
        network.Propose(1, "a");
        Assert.Equal("", network[1].AppliedText);
        network.Heal();
        network.Isolate(4);
        network.Loses = message => message.To.Value == 3 && message.Entries.Any(entry => !entry.Data.IsEmpty && entry.Type is EntryType.EntryNormal);
        network.Tick(2, 1);
        Assert.Equal("a", network[1].AppliedText);
    }

    [Fact]
    public void A_read_that_waits_for_a_server_that_leaves_is_confirmed_by_the_rest()
    {
        // Simulator, seed 330: when the last other voter has left nobody's answer could confirm what waits.
        var network = Network.LedBy1(2);
        network.Loses = message => message.Type is MessageType.MsgHeartbeatResp;
        network.Read(1, 77);
        Assert.Empty(network[1].Reads);
        network.Change(ConfChangeTransition.Auto, (RemoveNode, 2));
        Assert.Equal([77], network[1].Reads.Select(read => read.Context));
    }

    [Fact]
    public void A_server_that_is_both_majorities_of_a_joint_configuration_answers_reads_alone()
    {
        // Simulator, seed 4005223: only a learner was added, by a joint change; nobody was there to answer heartbeats of its only voter.
        var network = Network.LedBy1(1);
        network.Change(ConfChangeTransition.JointExplicit, (AddLearnerNode, 2));
        Assert.True(network[1].Storage.InitialState.ConfState.IsJoint);
        network.Read(1, 77);
        Assert.Equal([77], network[1].Reads.Select(read => read.Context));
    }

    [Fact]
    public void Several_voters_never_change_in_a_single_step()
    {
        var network = Network.LedBy1(3);
        network.Loses = message => message.Type is MessageType.MsgApp && message.Entries.Any(entry => entry.Type is EntryType.EntryConfChangeV2 && entry.Data.IsEmpty);
        network.Change(ConfChangeTransition.Auto, (AddNode, 4), (AddNode, 5));
        Assert.True(network[1].Storage.InitialState.ConfState.IsJoint);
    }

    [Fact]
    public void A_further_change_is_not_begun_before_the_previous_one_is_committed_and_applied()
    {
        var network = Network.LedBy1(3);
        network.Isolate(1);
        network.Change(ConfChangeTransition.Auto, (RemoveNode, 3));
        var second = network.Change(ConfChangeTransition.Auto, (RemoveNode, 2));
        Assert.False(second.IsAccepted);
        Assert.Equal(RefusalReason.ConfChangePending, second.Reason);
        network.Heal();
        network.Tick(3, 1);
        Assert.Equal([1, 2], Voters(network[1]));
        Assert.True(network.Change(ConfChangeTransition.Auto, (AddNode, 3)).IsAccepted);
    }

    [Fact]
    public void A_new_leader_makes_no_change_before_it_has_applied_all_that_it_inherited()
    {
        // The bug of the single-server algorithm of 2015: a change of an earlier term may be in the log, unknown whether committed.
        long[] voters = [1, 2, 3];
        var network = new Network(Replica.WithLog(1, voters, [1]), Replica.WithLog(2, voters, [1, 1], commit: 1), Replica.WithLog(3, voters, [1]));
        network.Loses = message => message.Type is MessageType.MsgApp;
        network.Post(network[2].Campaign());
        network.Deliver();
        Assert.Equal(RaftRole.Leader, network[2].Role);
        var result = network[2].Node.ProposeConfChange(new ConfChangeV2 { Changes = [new(RemoveNode, new(3))] }, network[2].Now);
        Assert.Equal((false, RefusalReason.ConfChangePending), (result.IsAccepted, result.Reason));
    }

    [Fact]
    public void While_a_change_is_joint_agreement_needs_separate_majorities_of_both_configurations()
    {
        var network = Joint();
        // Incoming {1,4,5}, outgoing {1,2,3}.
        network.Isolate(4);
        network.Isolate(5);
        network.Propose(1, "a");
        Assert.Equal("", network[1].AppliedText);
        network.Heal();
        network.Isolate(2);
        network.Isolate(3);
        network.Propose(1, "b");
        // The outgoing majority has "a" since the first round, so the incoming one completes it; "b" lacks the outgoing one.
        Assert.Equal("a", network[1].AppliedText);
        network.Heal();
        network.Isolate(3);
        network.Isolate(5);
        network.Tick(3, 1);
        Assert.Equal("a b", network[1].AppliedText);
    }

    [Fact]
    public void While_a_change_is_joint_an_election_needs_both_majorities()
    {
        var network = Joint();
        network.Isolate(1);
        network.Isolate(2);
        network.Post(network[4].Campaign());
        network.Deliver();
        Assert.NotEqual(RaftRole.Leader, network[4].Role);
        network.Heal();
        network.Isolate(1);
        network.Post(network[4].Campaign());
        network.Deliver();
        Assert.Equal(RaftRole.Leader, network[4].Role);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void While_a_change_is_joint_any_server_of_either_configuration_may_lead(long id)
    {
        var network = Joint();
        network.Post(network[id].Campaign());
        network.Deliver();
        Assert.Equal(RaftRole.Leader, network[id].Role);
    }

    [Fact]
    public void While_a_change_is_joint_entries_go_to_all_servers_of_both_configurations()
    {
        var network = Joint();
        network.Propose(1, "a");
        network.Tick(3, 1);
        Assert.All(network.Replicas, replica => Assert.Equal("a", replica.AppliedText));
    }

    [Fact]
    public void No_further_change_is_made_while_one_is_joint()
    {
        var network = Joint();
        var result = network.Change(ConfChangeTransition.Auto, (AddNode, 6));
        Assert.Equal((false, RefusalReason.ConfChangeJoint), (result.IsAccepted, result.Reason));
    }

    [Fact]
    public void Once_the_new_configuration_is_committed_the_old_one_is_irrelevant()
    {
        var network = Joint();
        Assert.True(network.Change(ConfChangeTransition.Auto).IsAccepted);
        network.Tick(2, 1);
        Assert.Equal([1, 4, 5], Voters(network[1]));
        Assert.False(network[1].Storage.InitialState.ConfState.IsJoint);
        network.Isolate(2);
        network.Isolate(3);
        network.Propose(1, "a");
        Assert.Equal("a", network[1].AppliedText);
    }

    [Fact]
    public void The_leader_leaves_an_implicit_joint_configuration_by_itself()
    {
        var network = Network.LedBy1(3);
        network.AddFresh(4);
        network.AddFresh(5);
        network.Change(ConfChangeTransition.JointImplicit, (AddNode, 4), (AddNode, 5), (RemoveNode, 2), (RemoveNode, 3));
        network.TickUntil(() => !network[1].Storage.InitialState.ConfState.IsJoint, "Leaving the joint configuration");
        Assert.Equal([1, 4, 5], Voters(network[1]));
    }

    [Fact]
    public void New_servers_join_as_non_voting_members_first_and_don_t_count_for_majorities()
    {
        var network = Network.LedBy1(2);
        network.AddFresh(3);
        network.Change(ConfChangeTransition.Auto, (AddLearnerNode, 3));
        network.Propose(1, "a");
        network.Tick(2, 1);
        Assert.Equal("a", network[3].AppliedText);
        network.Isolate(2);
        network.Propose(1, "b");
        Assert.Equal("a", network[1].AppliedText);
        Assert.Equal([3], network[1].Storage.InitialState.ConfState.Learners.Select(id => id.Value));
    }

    [Fact]
    public void A_learner_does_not_campaign_and_its_promotion_makes_it_a_voter()
    {
        var network = Network.LedBy1(2);
        network.AddFresh(3);
        network.Change(ConfChangeTransition.Auto, (AddLearnerNode, 3));
        network.Tick(2, 1);
        network.Isolate(3);
        network.Tick(50, 3);
        Assert.Equal(RaftRole.Follower, network[3].Role);
        network.Heal();
        network.Tick(2, 1);
        network.Change(ConfChangeTransition.Auto, (AddNode, 3));
        network.Isolate(2);
        network.Propose(1, "a");
        Assert.Equal("a", network[1].AppliedText);
    }

    [Fact]
    public void A_leader_that_is_not_in_the_new_configuration_replicates_it_without_counting_itself_and_then_steps_down()
    {
        var network = Network.LedBy1(3, config => config with { StepDownOnRemoval = true });
        network.Change(ConfChangeTransition.Auto, (RemoveNode, 1));
        Assert.Equal(RaftRole.Follower, network[1].Role);
        network.TickUntil(() => network[2].Role is RaftRole.Leader || network[3].Role is RaftRole.Leader, "An election among the others");
        Assert.Equal([2, 3], Voters(network.Leader));
    }

    [Fact]
    public void A_server_that_a_majority_hears_a_leader_cannot_depose_it_by_asking_for_votes()
    {
        var network = Network.LedBy1(3, config => config with { CheckQuorum = true });
        network.Change(ConfChangeTransition.Auto, (RemoveNode, 3));
        network.Isolate(3);
        network.Tick(30, 3);
        network.Heal();
        network.Tick(1, 1);
        network.Post([RequestVote(3, 1, 50, new EntryId(1, 99)), RequestVote(3, 2, 50, new EntryId(1, 99))]);
        network.Deliver();
        Assert.Equal(RaftRole.Leader, network[1].Role);
        Assert.Equal(1, network[1].Node.Term);
        Assert.Equal(1, network[2].Node.Term);
    }

    [Fact]
    public void A_server_accepts_entries_and_votes_from_servers_that_are_not_in_its_configuration()
    {
        var replica = Replica.WithLog(3, [1, 2, 3], []);
        Assert.False(Assert.Single(replica.Receive(RequestVote(9, 3, 2, default))).Reject);
        var answer = Assert.Single(replica.Receive(AppendEntries(9, 3, 2, default, 0, Replica.Entry(2, 1))));
        Assert.Equal((MessageType.MsgAppResp, 1, false), (answer.Type, answer.Index, answer.Reject));
    }

    [Fact]
    public void While_a_change_is_joint_a_read_needs_answers_of_both_majorities()
    {
        // Incoming {1,4,5}, outgoing {1,2,3}. A follower that has the empty entry of the term has told so before the links are cut.
        var network = Joint();
        network.Isolate(2);
        network.Isolate(3);
        network.Read(1, 77);
        network.Tick(3, 1);
        Assert.Empty(network[1].Reads);
        network.Heal();
        network.Isolate(4);
        network.Isolate(5);
        network.Read(1, 78);
        network.Tick(3, 1);
        Assert.DoesNotContain(network[1].Reads, read => read.Context == 78);
        network.Heal();
        network.Tick(1, 1);
        Assert.Equal([77, 78], network[1].Reads.Select(read => read.Context).Order());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_server_does_not_campaign_while_a_committed_change_is_not_applied(bool isAsked)
    {
        // Thesis 4.1 lets a change take effect when it is appended; here it does when it is applied, so until then votes would be counted in the old configuration.
        var storage = new MemoryLogStorage(ConfState.Of([new(1), new(2), new(3)]));
        var change = ConfChangeCodec.Encode(new ConfChangeV2 { Changes = [new(RemoveNode, new(3))] });
        storage.Append([Replica.Entry(1, 1), new Entry(1, 2, EntryType.EntryConfChangeV2, change), Replica.Entry(1, 3)]);
        storage.SetHardState(new HardState(1, default, 3));
        var node = new RaftNode(Replica.Config(1) with { Applied = 0 }, storage);
        for (var tick = 0; tick < 50; tick++)
        {
            node.Tick(TimeSpan.Zero);
        }

        var result = isAsked
            ? node.Step(new Message { Type = MessageType.MsgTimeoutNow, From = new(2), To = new(1), Term = 1 }, TimeSpan.Zero)
            : node.Campaign(TimeSpan.Zero);

        Assert.Equal(RefusalReason.UnappliedConfChange, result.Reason);
        Assert.Equal((RaftRole.Follower, 1), (node.Role, node.Term));
    }

    private static IEnumerable<long> Voters(Replica replica) => replica.Storage.InitialState.ConfState.Voters.Select(id => id.Value);

    // {1,2,3} becomes {1,4,5} and stays joint until told.
    private static Network Joint()
    {
        var network = Network.LedBy1(3);
        network.AddFresh(4);
        network.AddFresh(5);
        var leader = network[1];
        network.Change(ConfChangeTransition.JointExplicit, (AddNode, 4), (AddNode, 5), (RemoveNode, 2), (RemoveNode, 3));
        network.Tick(3, 1);
        Assert.True(leader.Storage.InitialState.ConfState.IsJoint);
        Assert.All(network.Replicas, replica => Assert.Equal([1, 2, 3], replica.Storage.InitialState.ConfState.VotersOutgoing.Select(id => id.Value)));
        return network;
    }
}
