using System;

namespace Orleans.Raft.Core;

/// <content>Start, ticks, and the edges between roles (Raft figure 4).</content>
public sealed partial class RaftNode
{
    /// <summary>
    /// A replica comes back as follower of nobody (Raft §5.2), with what figure 2 calls persistent state. Whatever contradicts itself here was lost or mixed
    /// up by the disk or its operator: it must not vote, so it is faulted, and has to come back as a new member.
    /// </summary>
    private void Recover(ILogReader log)
    {
        var (hardState, confState) = log.InitialState;
        var applied = _config.Applied ?? _log.Applied;
        Invariant.Holds(applied >= _log.Applied, $"applied={applied} is before the log's first={_log.FirstIndex}: its state is lost, it must be added anew");
        Invariant.Holds(applied <= _log.LastIndex, $"applied={applied} is beyond last={_log.LastIndex}: its log is lost, it must be added anew");

        // A commit index alone is not synced, so after a power loss the state machine may be ahead of it; what is applied was committed.
        _log.CommitTo(Math.Max(hardState.Commit, applied));
        _log.AppliedTo(applied, 0);
        var problem = ConfChanger.Restore(_tracker, _log.LastIndex, confState);
        Invariant.Holds(problem is null, $"stored configuration {confState}: {problem}");
        Invariant.Holds(hardState.Term >= 0, $"stored {hardState}");
        Invariant.Holds(hardState.Term > 0 || hardState.Vote.IsNone, $"a stored vote in no term: {hardState}");

        // The vote with the term: without it a restarted replica could vote again in a term, and elect a second leader (Raft §5.2, figure 2).
        Term = hardState.Term;
        _vote = hardState.Vote;
        BecomeFollower(Term, ReplicaId.None);
        Invariant.Holds(_log.Applied <= _log.Committed && _log.Committed <= _log.LastIndex, $"started with {_log}");
        _readySoftState = CurrentSoftState;
        // A commit index that was raised above has yet to be stored.
        _readyHardState = hardState.IsEmpty ? CurrentHardState : hardState;
    }

    /// <summary>A tick of whoever does not lead: silence for an election timeout makes it campaign (Raft §5.2), a candidate anew.</summary>
    private void TickElection()
    {
        // Counted also while it may not campaign, so that a learner that is promoted does not wait anew.
        _electionElapsed++;
        if (_electionElapsed >= _electionTimeout && IsPromotable() && !HasPromised)
        {
            // Also where the campaign is refused below: it may try again after a whole timeout, not with every tick.
            _electionElapsed = 0;
            StartElection(_config.PreVote ? CampaignKind.PreElection : CampaignKind.Election);
        }
    }

    /// <summary>
    /// A tick of a leader: first whether it may still lead, then heartbeats. So one that has lost its quorum sends none that would hold followers to it.
    /// </summary>
    private void TickLeader()
    {
        Invariant.Holds(Leader == Id && _provenLeader == Id, $"it leads, and knows another leader of the term: {_provenLeader} and {this}");
        _heartbeatElapsed++;
        _electionElapsed++;
        if (_electionElapsed >= _config.ElectionTicks)
        {
            _electionElapsed = 0;
            if (_config.CheckQuorum)
            {
                CheckQuorum();
            }

            if (Role is RaftRole.Leader && !_transferee.IsNone)
            {
                // The target did not take over in an election timeout: go on leading (thesis §3.10).
                AbortTransfer();
            }
        }

        // Asked again: the quorum check may just have ended its leadership.
        if (Role is RaftRole.Leader && _heartbeatElapsed >= _config.HeartbeatTicks)
        {
            _heartbeatElapsed = 0;
            BroadcastHeartbeat();
        }
    }

    // Thesis §6.2: a leader that reaches no quorum serves nobody, and whoever waits for it would wait for ever.
    private void CheckQuorum()
    {
        Invariant.Holds(Role is RaftRole.Leader, $"only a leader is to be heard by a quorum: {this}");
        if (!_tracker.IsQuorumActive())
        {
            // In the same term, which proves nothing against anybody: whoever hears a quorum may win the next one.
            BecomeFollower(Term, ReplicaId.None);
        }

        // Cleared after the check, not before: who is heard between two checks counts in the second. So silence is noticed after two timeouts at the latest.
        foreach (var peer in _tracker.Peers)
        {
            if (peer.Id != Id)
            {
                peer.IsRecentlyActive = false;
            }
        }
    }

    // Ticks are what patience is counted in; a group that slept has not been waiting.
    private void OnWake(bool isLeaderLost)
    {
        _electionElapsed = 0;
        if (Role is RaftRole.Leader)
        {
            // Nobody was asked while the group slept, so nobody's silence means anything.
            foreach (var peer in _tracker.Peers)
            {
                peer.IsRecentlyActive = true;
            }

            BroadcastHeartbeat();
        }
        else if (isLeaderLost)
        {
            // What is left to wait is the random part of the timeout, so that not all campaign at once.
            Leader = ReplicaId.None;
            _electionElapsed = _config.ElectionTicks;
        }
    }

    private void BecomeFollower(long term, ReplicaId leader)
    {
        Invariant.Holds(leader != Id, $"it would follow itself in term {term}: {this}");
        Reset(term);
        Role = RaftRole.Follower;
        Leader = leader;

        // Whatever it was waiting for as leader it will never hear now.
        RefuseAllReads();
        Trace(TraceKind.RoleEntered);
    }

    private void BecomePreCandidate()
    {
        Invariant.Holds(Role is not RaftRole.Leader, $"a leader does not ask for votes: {this}");

        // Neither term nor vote nor timeout change: a pre-candidate has promised nothing to anybody.
        _tracker.ResetVotes();
        Role = RaftRole.PreCandidate;
        Leader = ReplicaId.None;
        Trace(TraceKind.RoleEntered);
    }

    private void BecomeCandidate()
    {
        Invariant.Holds(Role is not RaftRole.Leader, $"a leader does not ask for votes: {this}");
        // The vote for itself, with the term, is durable before it is counted: it is a message that waits for the disk (see Campaign).
        Reset(Term + 1);
        Invariant.Holds(_vote.IsNone, $"a vote of {_vote} in a term that has just begun: {this}");
        _vote = Id;
        Role = RaftRole.Candidate;
        Trace(TraceKind.RoleEntered);
    }

    private void BecomeLeader()
    {
        Invariant.Holds(Role is RaftRole.Candidate, $"only a candidate becomes leader: {this}");
        var self = _tracker.Find(Id);
        Invariant.Holds(self is not null, $"a leader is a member of its configuration: {_tracker.Config}");
        Invariant.Holds(_vote == Id, $"elected in term {Term}, in which it voted for {_vote}");
        Invariant.Holds(_provenLeader.IsNone, $"elected in term {Term}, in which {_provenLeader} leads (election safety, Raft §5.2)");
        Reset(Term);
        Role = RaftRole.Leader;
        Leader = Id;
        _provenLeader = Id;
        _hasSentTimeoutNow = false;
        // Of its own log it knows everything; of the others' nothing, so they are probed from its last entry on (Raft figure 2, nextIndex).
        self.BecomeReplicate();
        self.IsRecentlyActive = true;
        Trace(TraceKind.RoleEntered);

        // There may be a configuration change in the tail; no other one is proposed before the whole tail is applied.
        _pendingConfIndex = _log.LastIndex;
        _ownFirstIndex = _log.LastIndex + 1;

        // Thesis §6.4, Raft §8: an entry of its own term, by which it learns what is committed. It has no payload, so no limit can refuse it.
        AppendOwn(new Entry(0, 0, EntryType.EntryNormal, default));
        Invariant.Holds(_log.LastIndex == _ownFirstIndex, $"the term's first entry is to be {_ownFirstIndex}: {_log}");
        Invariant.Holds(!HasCommittedInTerm, $"a leader that has just been elected believes that it has committed: first={_ownFirstIndex} {_log}");
    }

    // Every edge between terms or roles passes here, so that nothing of the former one is carried over by mistake.
    private void Reset(long term)
    {
        Invariant.Holds(term >= Term, $"terms never fall: from {Term} to {term} (Raft §5.1)");
        if (Term != term)
        {
            // A vote and what is known of the leader belong to the term; in the same term they stay, whatever the role.
            Term = term;
            _vote = ReplicaId.None;
            _provenLeader = ReplicaId.None;
        }

        Leader = ReplicaId.None;
        _electionElapsed = 0;
        _heartbeatElapsed = 0;
        DrawElectionTimeout();
        AbortTransfer();
        _tracker.ResetVotes();
        var last = _log.LastIndex;
        // Of others nothing is known in a new term; of itself, that the entries of earlier terms are there.
        foreach (var peer in _tracker.Peers)
        {
            peer.Reset(peer.Id == Id ? last : 0, last + 1);
        }

        _pendingConfIndex = 0;
        _uncommittedSize = 0;
        _isBroadcastDue = _isOwnAckDue = false;
    }

    // Anew in every term (Raft §5.2): two replicas that drew the same would split the vote again and again.
    private void DrawElectionTimeout()
    {
        _electionTimeout = _config.ElectionTicks + _jitter.Next(_config.ElectionTicks);
        Invariant.Holds(_electionTimeout < 2 * _config.ElectionTicks, $"drew {_electionTimeout} ticks, {_config.ElectionTicks} to twice that are allowed");
    }

    // Proposals are taken again. TimeoutNow may be on its way all the same: whoever gets it campaigns, and that is harmless.
    private void AbortTransfer()
    {
        if (!_transferee.IsNone)
        {
            Invariant.Holds(Role is RaftRole.Leader, $"leadership is handed to {_transferee} by {this}");
            Trace(TraceKind.TransferEnded, _transferee);
            _transferee = ReplicaId.None;
        }
    }
}
