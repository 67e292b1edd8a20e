using Orleans.Raft.Core;
using Xunit;

namespace Orleans.Raft.Tests.Core.Departures;

/// <summary>
/// Found by the simulator (seeds 1289, 1699, 4619 of its first day): {1} becomes {2} through a joint configuration. 1 commits and applies its
/// removal with a longer log than 2, which does not hear of the commit, needs the vote of 1 in the joint configuration, and is refused for ever.
/// </summary>
public sealed class RefusedVoteTests
{
    private static readonly ReplicaId Removed = new(1);
    private static readonly ReplicaId Remaining = new(2);

    [Fact]
    public void A_refused_candidate_learns_what_is_committed_where_its_log_agrees()
    {
        var candidate = Candidate(tellsCommit: true);
        candidate.Step(Refusal(candidate.Term, new EntryId(1, 3)), TimeSpan.Zero);
        Assert.Equal(3, candidate.Committed);
    }

    [Fact]
    public void A_refusal_that_comes_late_is_still_worth_its_commit_position()
    {
        var candidate = Candidate(tellsCommit: true);
        candidate.Step(Refusal(candidate.Term, default), TimeSpan.Zero);
        Assert.Equal(RaftRole.Follower, candidate.Role);
        candidate.Step(Refusal(candidate.Term, new EntryId(1, 2)), TimeSpan.Zero);
        Assert.Equal(2, candidate.Committed);
    }

    [Theory]
    [InlineData(2, 3)]
    [InlineData(1, 4)]
    public void Nothing_is_learned_where_the_logs_differ(long term, long index)
    {
        var candidate = Candidate(tellsCommit: true);
        candidate.Step(Refusal(candidate.Term, new EntryId(term, index)), TimeSpan.Zero);
        Assert.Equal(1, candidate.Committed);
    }

    [Fact]
    public void Without_the_switch_a_refusal_tells_nothing()
    {
        var candidate = Candidate(tellsCommit: false);
        candidate.Step(Refusal(candidate.Term, new EntryId(1, 3)), TimeSpan.Zero);
        Assert.Equal(1, candidate.Committed);
    }

    [Fact]
    public void Who_refuses_a_vote_names_its_commit_position()
    {
        var refuser = new RaftNode(Config(Removed, tellsCommit: true), Log(commit: 3));
        refuser.Step(
            new Message { Type = MessageType.MsgVote, From = Remaining, To = Removed, Term = 5, LogTerm = 1, Index = 2 }, TimeSpan.Zero);
        var answer = Assert.Single(refuser.Ready().Messages, m => m.Type == MessageType.MsgVoteResp);
        Assert.True(answer.Reject);
        Assert.Equal(new EntryId(1, 3), new EntryId(answer.LogTerm, answer.Index));
    }

    private static RaftNode Candidate(bool tellsCommit)
    {
        var node = new RaftNode(Config(Remaining, tellsCommit), Log(commit: 1));
        node.Campaign(TimeSpan.Zero);
        Assert.Equal(RaftRole.Candidate, node.Role);
        return node;
    }

    private static RaftConfig Config(ReplicaId id, bool tellsCommit) => new() { Id = id, RefusedVotesTellCommit = tellsCommit };

    private static MemoryLogStorage Log(long commit)
    {
        var log = new MemoryLogStorage(ConfState.Of([Removed, Remaining]));
        log.Append([.. Enumerable.Range(1, 3).Select(index => new Entry(1, index, EntryType.EntryNormal, default))]);
        log.SetHardState(new HardState(1, Removed, commit));
        return log;
    }

    private static Message Refusal(long term, EntryId committed) => new()
    {
        Type = MessageType.MsgVoteResp,
        From = Removed,
        To = Remaining,
        Term = term,
        Reject = true,
        LogTerm = committed.Term,
        Index = committed.Index,
    };
}
