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
        var candidate = Candidate(explains: true);
        candidate.Step(Refusal(candidate.Term, new EntryId(1, 3)), TimeSpan.Zero);
        Assert.Equal(3, candidate.Committed);
    }

    [Fact]
    public void A_refusal_that_comes_late_is_still_worth_its_commit_position()
    {
        var candidate = Candidate(explains: true);
        candidate.Step(Refusal(candidate.Term, default), TimeSpan.Zero);
        Assert.Equal(RaftRole.Follower, candidate.Role);
        candidate.Step(Refusal(candidate.Term, new EntryId(1, 2)), TimeSpan.Zero);
        Assert.Equal(2, candidate.Committed);
    }

    [Theory]
    [InlineData(true, 3)]
    [InlineData(false, 1)]
    public void A_refusal_from_an_older_term_is_still_worth_its_commit_position(bool explains, long committed)
    {
        // Seed 2048632: {3} is what is left of {1,2,3,4}; it has campaigned before, so the others, whose logs are longer, refuse its pre-votes in an older term.
        var candidate = Candidate(explains);
        var refusal = new Message
        {
            Type = MessageType.MsgPreVoteResp, From = Removed, To = Remaining, Term = candidate.Term - 1, Reject = true, LogTerm = 1, Index = 3,
        };
        candidate.Step(refusal, TimeSpan.Zero);
        Assert.Equal(committed, candidate.Committed);
    }

    [Theory]
    [InlineData(2, 3)]
    [InlineData(1, 4)]
    public void Nothing_is_learned_where_the_logs_differ(long term, long index)
    {
        var candidate = Candidate(explains: true);
        candidate.Step(Refusal(candidate.Term, new EntryId(term, index)), TimeSpan.Zero);
        Assert.Equal(1, candidate.Committed);
    }

    [Fact]
    public void Without_the_switch_a_refusal_tells_nothing()
    {
        var candidate = Candidate(explains: false);
        candidate.Step(Refusal(candidate.Term, new EntryId(1, 3)), TimeSpan.Zero);
        Assert.Equal(1, candidate.Committed);
    }

    [Fact]
    public void Who_refuses_a_vote_names_its_commit_position()
    {
        var refuser = new RaftNode(Config(Removed, explains: true), Log(commit: 3));
        refuser.Step(Vote(term: 5), TimeSpan.Zero);
        var answer = Assert.Single(refuser.Ready().Messages, m => m.Type == MessageType.MsgVoteResp);
        Assert.True(answer.Reject);
        Assert.Equal(new EntryId(1, 3), new EntryId(answer.LogTerm, answer.Index));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_vote_of_an_old_term_is_refused_in_the_own_term(bool explains)
    {
        // Seed 1002833: 3 has an old configuration without 4 and campaigns at ever higher terms among members that are gone; 4 needs its vote.
        var refuser = new RaftNode(Config(Removed, explains), Log(commit: 3));
        refuser.Step(Vote(term: 9), TimeSpan.Zero);
        TakeAll(refuser);
        refuser.Step(Vote(term: 5), TimeSpan.Zero);
        var answers = refuser.Ready().Messages.Where(m => m.Type == MessageType.MsgVoteResp).ToList();
        Assert.Equal(explains ? 1 : 0, answers.Count);
        Assert.All(answers, answer => Assert.Equal((true, 9L), (answer.Reject, answer.Term)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_heartbeat_of_an_old_term_is_answered_in_the_own_term(bool explains)
    {
        // Seed 17092 without pre-vote: the replica campaigned just before it became a learner, which can't campaign, and its leader never hears of its term.
        var learner = new RaftNode(Config(Removed, explains), Log(commit: 3));
        learner.Step(Vote(term: 9), TimeSpan.Zero);
        TakeAll(learner);
        learner.Step(new Message { Type = MessageType.MsgHeartbeat, From = Remaining, To = Removed, Term = 5 }, TimeSpan.Zero);
        var answers = learner.Ready().Messages.Where(m => m.Type == MessageType.MsgAppResp).ToList();
        Assert.Equal(explains ? 1 : 0, answers.Count);
        Assert.All(answers, answer => Assert.Equal(9, answer.Term));
    }

    [Fact]
    public void A_candidate_that_learns_of_a_committed_configuration_change_stops_counting_votes()
    {
        // Seed 1013038: it won in the old configuration, and was not a member of the next one.
        var log = Log(commit: 1);
        log.Append([new Entry(1, 4, EntryType.EntryConfChangeV2, Removal())]);
        var candidate = new RaftNode(Config(Remaining, explains: true), log);
        candidate.Campaign(TimeSpan.Zero);
        candidate.Step(Refusal(candidate.Term, new EntryId(1, 4)), TimeSpan.Zero);
        Assert.Equal((RaftRole.Follower, 4L), (candidate.Role, candidate.Committed));
    }

    [Theory]
    [InlineData(RaftRole.Follower, 5)]
    [InlineData(RaftRole.Candidate, 2)]
    [InlineData(RaftRole.Candidate, 1)]
    public void A_candidate_tells_whom_it_asks_what_is_committed(RaftRole role, long term)
    {
        // Seed 20031932: {1} becomes {1,2}, 1 commits it alone and loses the tail that 2 has; 2 refuses 1, and does not know that it may campaign itself.
        var asked = role is RaftRole.Candidate ? Candidate(explains: true) : new RaftNode(Config(Remaining, explains: true), Log(commit: 1));
        var request = Message.Of(
            MessageType.MsgVote, Removed, Remaining, term, new EntryId(1, 2), commit: 2, rejectHint: 1);
        asked.Step(request, TimeSpan.Zero);
        Assert.Equal(2, asked.Committed);
    }

    [Theory]
    [InlineData(MessageType.MsgVote, false)]
    [InlineData(MessageType.MsgPreVote, true)]
    public void A_request_for_a_vote_names_the_commit_position(MessageType type, bool preVote)
    {
        var node = new RaftNode(Config(Remaining, explains: true) with { PreVote = preVote }, Log(commit: 2));
        node.Campaign(TimeSpan.Zero);
        var request = Assert.Single(node.Ready().Messages, m => m.Type == type);
        Assert.Equal((1, 2), (request.RejectHint, request.Commit));
    }

    [Fact]
    public void A_request_of_another_log_tells_nothing()
    {
        var asked = new RaftNode(Config(Remaining, explains: true), Log(commit: 1));
        asked.Step(Message.Of(MessageType.MsgVote, Removed, Remaining, 5, new EntryId(2, 3), commit: 3, rejectHint: 2), TimeSpan.Zero);
        Assert.Equal(1, asked.Committed);
    }

    private static byte[] Removal() =>
        ConfChangeCodec.Encode(new ConfChangeV2 { Changes = [new ConfChangeSingle(ConfChangeType.RemoveNode, Remaining)] });

    private static void TakeAll(RaftNode node)
    {
        while (node.HasReady)
        {
            node.Advance(node.Ready());
        }
    }

    private static Message Vote(long term) =>
        new() { Type = MessageType.MsgVote, From = Remaining, To = Removed, Term = term, LogTerm = 1, Index = 2 };

    private static RaftNode Candidate(bool explains)
    {
        var node = new RaftNode(Config(Remaining, explains), Log(commit: 1));
        node.Campaign(TimeSpan.Zero);
        Assert.Equal(RaftRole.Candidate, node.Role);
        return node;
    }

    private static RaftConfig Config(ReplicaId id, bool explains) => new() { Id = id, ExplainRefusals = explains };

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
