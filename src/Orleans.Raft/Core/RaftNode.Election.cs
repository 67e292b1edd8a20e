using System;

namespace Orleans.Raft.Core;

/// <content>Elections (Raft §5.2, §5.4.1; thesis §9.6 pre-vote, §3.10 transfer).</content>
public sealed partial class RaftNode
{
    private enum CampaignKind
    {
        /// <summary>Asks whether a vote would be granted; changes nobody's term.</summary>
        PreElection,

        /// <summary>Asks for votes in the next term.</summary>
        Election,

        /// <summary>The same, told to by the leader: no pre-vote and no stickiness, which would both stop it.</summary>
        Transfer,
    }

    // Not a learner, nor somebody who is in no configuration: nobody would count its leadership. And not before a pending snapshot is stored: its log does not
    // reach what it would have to send.
    private bool IsPromotable() =>
        _tracker.Find(Id) is { IsLearner: false } && !_log.HasPendingSnapshot;

    /// <summary>The checks that every campaign passes, whoever asked for it: the timer, the host, or a leader that hands over.</summary>
    private StepResult StartElection(CampaignKind kind)
    {
        if (Role is RaftRole.Leader)
        {
            return Ignore(RefusalReason.AlreadyLeader);
        }

        if (!IsPromotable())
        {
            return Ignore(RefusalReason.NotPromotable);
        }

        if (kind is not CampaignKind.Transfer && HasPromised)
        {
            // A leader counts on this replica for its lease (SAFETY-RULES A14). One that hands over has given its lease up before it said so.
            return Ignore(RefusalReason.LeaderAlive);
        }

        if (HasUnappliedConfChange())
        {
            // It would count votes in a configuration that is no longer in force (etcd raft issue 456: easily lost).
            return Ignore(RefusalReason.UnappliedConfChange);
        }

        Campaign(kind);
        return Accept();
    }

    /// <summary>
    /// Asks everybody who votes, in both halves of a joint configuration (Raft §5.2, §6). With pre-vote this runs twice: a round of questions that change
    /// nothing, and, if a quorum would say yes, the election itself (thesis §9.6).
    /// </summary>
    private void Campaign(CampaignKind kind)
    {
        var isPreElection = kind is CampaignKind.PreElection;
        if (isPreElection)
        {
            BecomePreCandidate();
        }
        else
        {
            BecomeCandidate();
        }

        Invariant.Holds(isPreElection || (_vote == Id && Term > 0), $"a candidate asks for votes in a term without giving its own: {this}");

        // A pre-vote names the term that would come. It is nobody's yet, so that whoever loses has disturbed nobody.
        var term = isPreElection ? Term + 1 : Term;
        var last = _log.LastId;
        foreach (var peer in _tracker.Peers)
        {
            if (!_tracker.Config.Voters.Contains(peer.Id))
            {
                // Learners may answer, but their votes don't count.
                continue;
            }

            if (peer.Id == Id)
            {
                // Its own vote is a message too: it counts when term and vote are durable.
                Post(isPreElection ? MessageType.MsgPreVoteResp : MessageType.MsgVoteResp, Id, term);
                continue;
            }

            var request = NewMessage(isPreElection ? MessageType.MsgPreVote : MessageType.MsgVote, peer.Id);
            (request.Term, request.LogTerm, request.Index) = (term, last.Term, last.Index);
            // The voters are to let go of a leader that they hear: it has asked for this itself (thesis §4.2.3, §3.10).
            request.IsCampaignTransfer = kind is CampaignKind.Transfer;
            TellCommitInRequest(request);
            Send(request);
        }
    }

    /// <summary>
    /// RequestVote, receiver (Raft figure 2). A pre-vote is judged by the same rules, as if its term had come, and changes nothing here: neither term nor
    /// vote nor timer, so that any number of them can be granted.
    /// </summary>
    private StepResult OnVoteRequest(Message message)
    {
        var isPreVote = message.Type is MessageType.MsgPreVote;
        LearnCommitOfRequest(message);

        // Once a leader of this term is known the vote is given, unless it is a repeat of the one that was given.
        var canVote = _vote == message.From
            || (_vote.IsNone && Leader.IsNone)
            || (isPreVote && message.Term > Term);

        // Learners vote too when they are asked: they may have been promoted without knowing yet. So membership is nothing that a vote depends on; whether
        // it counts is up to the candidate, whose log is the longer one.
        var isGranted = canVote && _log.IsUpToDate(new EntryId(message.LogTerm, message.Index));
        var answer = NewMessage(isPreVote ? MessageType.MsgPreVoteResp : MessageType.MsgVoteResp, message.From);

        // A grant speaks of the term that was asked for, so that a pre-candidate takes it for its own; a refusal of this replica's.
        answer.Term = isGranted ? message.Term : Term;
        answer.Reject = !isGranted;
        TellCommit(answer);
        Send(answer);
        Trace(isGranted ? TraceKind.VoteGranted : TraceKind.VoteRefused, message.From, new EntryId(message.LogTerm, message.Index));
        if (isGranted && !isPreVote)
        {
            Invariant.Holds(_vote.IsNone || _vote == message.From, $"voted for {_vote} in term {Term}, and now for {message.From} (Raft §5.2)");
            Invariant.Holds(message.Term == Term, $"a vote in term {message.Term}, given in another: {this}");
            Invariant.Holds(Role is RaftRole.Follower or RaftRole.PreCandidate, $"who has asked for votes in a term gives none to others in it: {this}");

            // Whoever gave its vote waits for the winner. Not in a pre-vote: a replica that can't win would keep the others from campaigning.
            _electionElapsed = 0;
            _vote = message.From;
        }

        return Accept();
    }

    // Committed and not applied here: the others may be voting in the next configuration already.
    private bool HasUnappliedConfChange() =>
        _log.Applied < _log.Committed && _log.HasConfChange(_log.Applied + 1, _log.Committed);

    private void TellCommitInRequest(Message request)
    {
        if (_config.ExplainRefusals && _log.TryGetTerm(_log.Committed, out var term))
        {
            (request.RejectHint, request.Commit) = (term, _log.Committed);
        }
    }

    private void LearnCommitOfRequest(Message request)
    {
        // {1} becomes {1,2}: 1 alone commits that, and loses a tail that 2 got from it before it was durable. 1 needs the vote of 2, which has the longer log
        // and refuses; 2 may not campaign, for it does not know that it has become a voter. Told what is committed, it does (simulator, seed 20031932).
        // A leader finds out for itself.
        if (Role is not RaftRole.Leader)
        {
            LearnCommit(new EntryId(request.RejectHint, request.Commit));
        }
    }

    // To whom is refused: it may lack nothing but the news that an entry is committed, and with it a configuration in which it needs no vote of this replica.
    private void TellCommit(Message answer)
    {
        if (answer.Reject && _config.ExplainRefusals && _log.TryGetTerm(_log.Committed, out var term))
        {
            (answer.LogTerm, answer.Index) = (term, _log.Committed);
        }
    }

    /// <summary>What somebody knows to be committed is committed, in whatever term it is told; up to an equal entry the logs are equal (Raft §5.3).</summary>
    private void LearnCommit(EntryId told)
    {
        if (_config.ExplainRefusals && told.Index > _log.Committed && _log.Matches(told))
        {
            _log.CommitTo(told.Index);
            if (Role is not RaftRole.Follower && HasUnappliedConfChange())
            {
                // The configuration in which votes are being counted is over, and this replica may not be in the next one.
                BecomeFollower(Term, ReplicaId.None);
            }
        }
    }

    private void LearnCommitOfAnswer(Message answer)
    {
        if (answer.Reject)
        {
            LearnCommit(new EntryId(answer.LogTerm, answer.Index));
        }
    }

    // An answer that comes when the election is over still tells what is committed.
    private StepResult OnLateVoteAnswer(Message message)
    {
        LearnCommitOfAnswer(message);
        return Ignore(RefusalReason.Irrelevant);
    }

    /// <summary>Counts an answer (Raft §5.2). The election ends when the missing answers can't change its outcome any more, not when all have come.</summary>
    private StepResult OnVoteAnswer(Message message)
    {
        Invariant.Holds(Role is RaftRole.Candidate or RaftRole.PreCandidate, $"a vote is counted without an election: {message} and {this}");
        LearnCommitOfAnswer(message);
        if (Role is RaftRole.Follower)
        {
            // What it has just learned ended its election: votes for it were asked of a configuration that is over.
            return Accept();
        }

        // The first answer of each voter counts. A late duplicate of a pre-vote's answer must not be taken for another opinion.
        switch (_tracker.RecordVote(message.From, !message.Reject))
        {
            case VoteResult.Won when Role is RaftRole.PreCandidate:
                Campaign(CampaignKind.Election);
                break;
            case VoteResult.Won:
                // Its first entry leaves at once. It establishes its authority and prevents new elections (Raft §5.2), and tells it what is committed (§8).
                BecomeLeader();
                BroadcastAppend();
                break;
            case VoteResult.Lost:
                // Not the message's term: a pre-vote's answer may carry a term that nobody is in.
                BecomeFollower(Term, ReplicaId.None);
                break;
            case VoteResult.Pending:
                break;
        }

        return Accept();
    }

    // The leader has told this replica to take over. It may be wrong by now: then the checks of every campaign apply, but for stickiness.
    private StepResult OnTimeoutNow() => StartElection(CampaignKind.Transfer);
}
