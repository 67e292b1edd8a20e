using System;
using System.Diagnostics;
using System.Text;

namespace Orleans.Raft.Core;

/// <content>The frame of every verb, faults, and what is always true.</content>
public sealed partial class RaftNode
{
    /// <summary>Everything about the node, over several lines.</summary>
    public string Describe()
    {
        var text = new StringBuilder(ToString());
        text.Append("\nvote=").Append(_vote).Append(" transferee=").Append(_transferee);
        text.Append(" electionElapsed=").Append(_electionElapsed).Append('/').Append(_electionTimeout);
        text.Append(" pendingConfIndex=").Append(_pendingConfIndex).Append(" uncommitted=").Append(_uncommittedSize);
        text.Append(" reads=").Append(_reads.PendingCount).Append(" round=").Append(_reads.Round);
        return text.Append('\n').Append(_tracker.Describe()).ToString();
    }

    /// <summary>Start of every verb that is told the time.</summary>
    private bool Enter(in Input input, TimeSpan now)
    {
        if (!_hasStarted)
        {
            // An earlier life may have promised not to vote just before it ended.
            (_hasStarted, _now) = (true, now);
            _promisedUntil = now + _config.VotePromise;
        }

        // A host that mixes up two readings of its clock must not shorten a promise, nor lengthen a lease.
        _now = now > _now ? now : _now;
        return EnterUntimed(input);
    }

    private bool EnterUntimed(in Input input)
    {
        if (_fault is not null)
        {
            return false;
        }

        // Before it is processed: the last one in the evidence is the one that broke something.
        _inputs.Add(input, _now);
        return true;
    }

    /// <summary>End of every verb that went well.</summary>
    private StepResult Leave(StepResult result)
    {
        AssertInvariants();
        if (_trace is not null)
        {
            TraceOutcome(result.Reason);
        }

        return result;
    }

    /// <summary>
    /// End of every verb that did not. A process holds thousands of groups, so the exception ends here: this replica stops, the others live. Nothing that
    /// it had decided and not handed out leaves any more: it may be what the broken invariant would have stopped.
    /// </summary>
    private StepResult Fail(Exception exception)
    {
        // Whatever it is, the node's state may be half changed: nothing it would say from now on can be trusted.
        var message = exception is InvariantViolationException ? exception.Message : exception.ToString();
        string state;
        try
        {
            state = Describe();
        }
        catch (Exception second) // Evidence is worth less than the fault itself: what is broken may not be printable.
        {
            state = $"replica={Id}; its state cannot be described: {second.Message}";
        }

        _fault = new RaftFault($"replica={Id} term={Term}: {message}", state, _inputs.Describe());
        _messages.Clear();
        _afterAppend.Clear();
        _readStates.Clear();
        Trace(TraceKind.Faulted);
        return Refuse(RefusalReason.Faulted);
    }

    private StepResult Accept() => StepResult.Accepted(Leader);

    private StepResult Ignore(RefusalReason reason) => StepResult.Ignored(reason, Leader);

    private StepResult Refuse(RefusalReason reason) => StepResult.Refused(reason, Leader);

    [Conditional("DEBUG")]
    private void AssertInvariants() => Sweep();

    /// <summary>
    /// Everything that is true between two verbs, each with its reason. Debug builds look after every verb, the simulator after every step in any build.
    /// What costs nothing is checked where it is decided as well, always (<see cref="Invariant"/>): this sweep finds what nobody thought to check there.
    /// </summary>
    private void Sweep()
    {
        _log.AssertInvariants();
        _tracker.AssertInvariants();
        _reads.AssertInvariants();
        SweepTerm();
        SweepOutput();
        if (Role is RaftRole.Leader)
        {
            SweepLeader();
        }
        else
        {
            SweepOthers();
        }
    }

    /// <summary>Term, vote and promise: what other replicas count on. Broken here, two leaders of one term are a matter of time.</summary>
    private void SweepTerm()
    {
        Invariant.Holds(Term >= 0, $"terms start at 0: {Term}");
        Invariant.Holds(Term > 0 || (_vote.IsNone && Leader.IsNone), $"nobody votes or leads in term 0: vote={_vote} leader={Leader}");
        Invariant.Holds(!_vote.IsLocalThread && !Leader.IsLocalThread, $"local threads are no replicas: vote={_vote} leader={Leader}");
        Invariant.Holds(_electionElapsed >= 0 && _heartbeatElapsed >= 0, $"ticks are counted upwards: {_electionElapsed} {_heartbeatElapsed}");
        Invariant.Holds(_electionTimeout >= _config.ElectionTicks, $"a shorter timeout would break the promise that voters stick to: {_electionTimeout}");

        // Else the host has been told of a state that was taken back, and has stored it.
        Invariant.Holds(_readyHardState.Term <= Term, $"handed out {_readyHardState}, now in term {Term}");
        Invariant.Holds(_readyHardState.Commit <= _log.Committed, $"handed out {_readyHardState}, now committed={_log.Committed}");
        Invariant.Holds(
            _readyHardState.Term < Term || _readyHardState.Vote.IsNone || _readyHardState.Vote == _vote,
            $"handed out {_readyHardState}, now vote={_vote}: a second vote in one term (Raft §5.2)");

        // Nobody promises more than it says in its answers to heartbeats, so that a group without a leader waits no longer than that.
        Invariant.Holds(!_hasStarted || _promisedUntil <= _now + _config.VotePromise, $"promised until {_promisedUntil}, now {_now}");
    }

    /// <summary>What is waiting to be handed out. Broken here, something leaves that was never decided, leaves twice, or leaves before it is durable.</summary>
    private void SweepOutput()
    {
        Invariant.Holds(_stepsOnAdvance.Count == 0 || _isAdvancePending, $"{_stepsOnAdvance.Count} answers wait for an Advance that nobody owes");
        Invariant.Holds(!_isAdvancePending || !_config.AsyncStorageWrites, $"asynchronous mode knows no Advance: {this}");
        Invariant.Holds(_config.CoalesceAppends || (!_isBroadcastDue && !_isOwnAckDue), $"only gathered appends are due: {this}");
        foreach (var message in _messages)
        {
            Invariant.Holds(!message.To.IsNone && message.To != Id, $"a message to nobody, or to itself without waiting for the disk: {message}");
            Invariant.Holds(!message.IsInPool, $"a message was given back before it was handed out: {message}");
        }

        foreach (var message in _afterAppend)
        {
            Invariant.Holds(!message.To.IsNone, $"an answer to nobody: {message}");
            Invariant.Holds(!message.IsInPool, $"an answer was given back before it was handed out: {message}");
            Invariant.Holds(
                message.Type.WaitsForDisk() || message.Type is MessageType.MsgVote, $"what promises nothing about the disk need not wait for it: {message}");
        }
    }

    /// <summary>What only a leader is. Broken here, it leads a term that is not its own, or believes more of others than they have said.</summary>
    private void SweepLeader()
    {
        Invariant.Holds(Leader == Id, $"a leader knows no other leader (election safety): {Leader}");
        Invariant.Holds(_provenLeader == Id, $"a leader has spoken in its term, and nobody else has: {_provenLeader}");
        Invariant.Holds(_vote == Id, $"a leader voted for itself in its term: {_vote}");
        Invariant.Holds(_heartbeatElapsed < _config.HeartbeatTicks, $"heartbeats are due and were not sent: {_heartbeatElapsed}");
        Invariant.Holds(_electionElapsed < _config.ElectionTicks, $"the quorum check is due and was not made: {_electionElapsed}");
        Invariant.Holds(_uncommittedSize >= 0, $"more was applied than proposed: {_uncommittedSize}");
        Invariant.Holds(_pendingConfIndex <= _log.LastIndex, $"a pending configuration change that is not in the log: {_pendingConfIndex} {_log}");
        Invariant.Holds(_transferee != Id, $"a leader hands leadership to itself: {_transferee}");

        // Leader append-only: what follows its first entry is its own, and no later leader can have written before it stepped down.
        Invariant.Holds(_ownFirstIndex > 0 && _ownFirstIndex <= _log.LastIndex, $"the entry that starts its term is gone: {_ownFirstIndex} {_log}");
        Invariant.Holds(!_log.TryGetTerm(_log.LastIndex, out var last) || last == Term, $"its last entry is of term {last}, it leads {Term}");
        Invariant.Holds(
            _reads.AwaitingCommitCount == 0 || !HasCommittedInTerm, $"{_reads.AwaitingCommitCount} reads wait for a first commit that has come: {_log}");
        foreach (var peer in _tracker.Peers)
        {
            Invariant.Holds(peer.Match <= _log.LastIndex, $"no peer can match beyond the leader's own log: {peer} {_log}");
            Invariant.Holds(peer.Next <= _log.LastIndex + 1 || peer.State is not ProgressState.Replicate, $"sent beyond the log: {peer} {_log}");
            Invariant.Holds(peer.AnsweredRound <= _reads.Round, $"a round was answered before it started: {peer.AnsweredRound} of {_reads.Round}");
        }
    }

    /// <summary>What everybody else is not: nothing of a former leadership may be left over, or it would come back with the next one.</summary>
    private void SweepOthers()
    {
        Invariant.Holds(Leader != Id, $"it follows itself: {this}");
        Invariant.Holds(_reads.PendingCount == 0, $"only a leader keeps reads: {_reads.PendingCount}");
        Invariant.Holds(_transferee.IsNone, $"only a leader hands leadership over: {_transferee}");
        Invariant.Holds(_uncommittedSize == 0, $"only a leader counts what is uncommitted: {_uncommittedSize}");
        Invariant.Holds(_pendingConfIndex == 0, $"only a leader guards configuration changes: {_pendingConfIndex}");
        Invariant.Holds(!_isBroadcastDue && !_isOwnAckDue, $"only a leader gathers appends: {this}");
        Invariant.Holds(Role is RaftRole.Follower || Leader.IsNone, $"who asks for votes knows no leader: {this}");
        Invariant.Holds(Role is not RaftRole.Candidate || _vote == Id, $"a candidate votes for itself: {_vote}");
        Invariant.Holds(Role is not RaftRole.Candidate || Term > 0, $"a candidate has left the first term: {Term}");
        Invariant.Holds(Role is not RaftRole.Follower || _tracker.VoteCount == 0, $"a follower counts votes: {_tracker.VoteCount}");
    }
}
