using Orleans.Raft.Core;
using Xunit;
using static Orleans.Raft.Tests.Core.Paper.PaperMessages;

namespace Orleans.Raft.Tests.Core.Paper;

/// <summary>Raft §5.1 and figure 2, "Rules for Servers: All Servers".</summary>
public sealed class TermTests
{
    private static readonly long[] Three = [1, 2, 3];

    [Fact]
    public void When_servers_start_up_they_begin_as_followers()
    {
        var replica = Replica.WithLog(1, Three, []);
        Assert.Equal(RaftRole.Follower, replica.Role);
        Assert.Equal(0, replica.Node.Term);
        Assert.True(replica.Node.Leader.IsNone);
    }

    [Theory]
    [InlineData(RaftRole.Follower)]
    [InlineData(RaftRole.Candidate)]
    [InlineData(RaftRole.Leader)]
    public void A_server_whose_term_is_smaller_adopts_the_larger_one_and_becomes_follower(RaftRole role)
    {
        var replica = InRole(role);
        replica.Receive(AppendEntries(2, 1, 9, default, 0));
        Assert.Equal(RaftRole.Follower, replica.Role);
        Assert.Equal(9, replica.Node.Term);
        Assert.Equal(new ReplicaId(2), replica.Node.Leader);
        Assert.Equal(9, replica.Storage.InitialState.HardState.Term);
    }

    [Theory]
    [InlineData(RaftRole.Candidate)]
    [InlineData(RaftRole.Leader)]
    public void A_candidate_or_leader_that_discovers_its_term_is_out_of_date_by_a_vote_request_reverts_to_follower(RaftRole role)
    {
        var replica = InRole(role);
        var sent = replica.Receive(RequestVote(2, 1, 9, new EntryId(8, 100)));
        Assert.Equal(RaftRole.Follower, replica.Role);
        Assert.False(Assert.Single(sent, message => message.Type is MessageType.MsgVoteResp).Reject);
    }

    [Fact]
    public void A_response_of_a_larger_term_turns_a_leader_into_a_follower()
    {
        var replica = InRole(RaftRole.Leader);
        replica.Receive(AppendAnswer(2, 1, 5, 0));
        Assert.Equal(RaftRole.Follower, replica.Role);
        Assert.Equal(5, replica.Node.Term);
    }

    [Fact]
    public void A_request_with_a_stale_term_changes_nothing()
    {
        var replica = Replica.WithLog(1, Three, [1, 2], term: 3);
        var sent = replica.Receive(AppendEntries(2, 1, 2, new EntryId(2, 2), 2, Replica.Entry(2, 3)));
        Assert.Equal("1 2", replica.Terms);
        Assert.Equal(0, replica.Node.Committed);
        Assert.True(replica.Node.Leader.IsNone);
        Assert.DoesNotContain(sent, message => message is { Type: MessageType.MsgAppResp, Reject: false, Index: > 0 });
    }

    [Fact]
    public void A_vote_request_with_a_stale_term_gets_no_vote()
    {
        var replica = Replica.WithLog(1, Three, [], term: 3);
        var sent = replica.Receive(RequestVote(2, 1, 2, new EntryId(2, 2)));
        Assert.DoesNotContain(sent, message => message is { Type: MessageType.MsgVoteResp, Reject: false });
        Assert.True(replica.Storage.InitialState.HardState.Vote.IsNone);
    }

    [Fact]
    public void The_current_term_increases_monotonically()
    {
        var replica = Replica.WithLog(1, Three, [], term: 5);
        foreach (var term in new long[] { 4, 7, 6, 1, 7 })
        {
            replica.Receive(Heartbeat(2, 1, term));
        }

        Assert.Equal(7, replica.Node.Term);
    }

    [Fact]
    public void Term_and_vote_are_on_stable_storage_before_the_vote_leaves()
    {
        var replica = Replica.WithLog(1, Three, []);
        replica.Node.Step(RequestVote(2, 1, 4, default), replica.Now);
        var ready = replica.Node.Ready();
        Assert.Contains(ready.Messages, message => message is { Type: MessageType.MsgVoteResp, Reject: false });
        Assert.Equal(new HardState(4, new ReplicaId(2), 0), ready.HardState);
        Assert.True(ready.MustSync);
    }

    [Fact]
    public void Entries_are_on_stable_storage_before_their_acknowledgement_leaves()
    {
        var replica = Replica.WithLog(1, Three, []);
        replica.Node.Step(AppendEntries(2, 1, 4, default, 0, Replica.Entry(4, 1)), replica.Now);
        var ready = replica.Node.Ready();
        Assert.Contains(ready.Messages, message => message is { Type: MessageType.MsgAppResp, Index: 1 });
        Assert.Equal(1, Assert.Single(ready.Entries).Index);
        Assert.True(ready.MustSync);
    }

    [Theory]
    [InlineData(MessageType.MsgVote)]
    [InlineData(MessageType.MsgApp)]
    public void With_asynchronous_storage_the_answer_waits_for_the_disk(MessageType type)
    {
        var replica = Replica.WithLog(1, Three, [], adjust: config => config with { AsyncStorageWrites = true });
        replica.Node.Step(
            type is MessageType.MsgVote ? RequestVote(2, 1, 4, default) : AppendEntries(2, 1, 4, default, 0, Replica.Entry(4, 1)),
            replica.Now);
        var messages = replica.Node.Ready().Messages.ToArray();
        Assert.DoesNotContain(messages, message => message.To == new ReplicaId(2));
        var append = Assert.Single(messages, message => message.To == ReplicaId.AppendThread);
        Assert.Equal(4, append.Term);
        Assert.Contains(append.Responses, response => response.To == new ReplicaId(2) && response.Term == 4);
    }

    [Fact]
    public void A_restarted_server_remembers_term_vote_and_log()
    {
        var replica = Replica.WithLog(1, Three, []);
        replica.Receive(RequestVote(2, 1, 4, default));
        replica.Receive(AppendEntries(2, 1, 4, default, 1, Replica.Entry(4, 1)));
        replica.Restart();
        Assert.Equal(4, replica.Node.Term);
        Assert.Equal("4", replica.Terms);
        Assert.True(Assert.Single(replica.Receive(RequestVote(3, 1, 4, new EntryId(4, 9)))).Reject);
    }

    [Fact]
    public void If_commit_index_exceeds_last_applied_the_entries_between_are_applied_in_order()
    {
        var replica = Replica.WithLog(1, Three, [1, 1, 1], commit: 2);
        replica.Work();
        Assert.Equal([1, 2], replica.Applied.Select(entry => entry.Index));
        replica.Receive(Heartbeat(2, 1, 1, commit: 3));
        Assert.Equal([1, 2, 3], replica.Applied.Select(entry => entry.Index));
    }

    private static Replica InRole(RaftRole role)
    {
        var replica = Replica.WithLog(1, Three, []);
        if (role is not RaftRole.Follower)
        {
            replica.Campaign();
        }

        if (role is RaftRole.Leader)
        {
            replica.Receive(Vote(3, 1, 1, granted: true));
        }

        Assert.Equal(role, replica.Role);
        return replica;
    }
}
