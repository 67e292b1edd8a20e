using System;

namespace Orleans.Raft.Core;

/// <content>Heartbeats, and the linearizable reads that they confirm (thesis §6.4).</content>
public sealed partial class RaftNode
{
    // Not "the committed entry has this term": a snapshot that a group is born with may carry the first leader's term.
    private bool HasCommittedInTerm => _log.Committed >= _ownFirstIndex;

    /// <summary>
    /// Thesis §6.4. A leader takes the read; a follower sends it to the leader and reads its own state once it has applied that far, which keeps the leader
    /// out of the data's way. A refusal is told at once: etcd drops such a read in silence, and its caller runs into a timeout.
    /// </summary>
    private ReadIndexResult OnReadRequest(long context)
    {
        // A leader's word alone is not enough: it may have been deposed without knowing (Raft §8). Whatever it answers, a quorum has confirmed.
        if (Role is RaftRole.Leader)
        {
            return TryTakeRead(Id, context, out var reason) ? new ReadIndexResult(true, false, reason, Leader) : RefuseRead(reason);
        }

        if (Role is not RaftRole.Follower)
        {
            return RefuseRead(RefusalReason.ElectionInProgress);
        }

        if (Leader.IsNone)
        {
            return RefuseRead(RefusalReason.NoLeader);
        }

        // The leader answers with the same context. If either message is lost nobody will say so: the caller asks again, under another context.
        PostReadRequest(Id, context);
        return new ReadIndexResult(true, true, RefusalReason.None, Leader);
    }

    private StepResult OnForwardedRead(Message message)
    {
        if (Role is RaftRole.Leader)
        {
            return TryTakeRead(message.From, message.Context, out var reason) ? Accept() : RefuseForwardedRead(message, reason);
        }

        // Back to its sender would be a circle: two followers that each take the other for the leader pass it on for ever.
        if (Leader.IsNone || Leader == message.From)
        {
            return RefuseForwardedRead(message, RefusalReason.NoLeader);
        }

        // Passed on as it came: the leader answers whoever asked first, and nobody in between needs to remember it.
        PostReadRequest(message.From, message.Context);
        return Accept();
    }

    private void PostReadRequest(ReplicaId from, long context)
    {
        Invariant.Holds(Leader != Id, $"a follower would ask itself for a read index: {this}");
        var message = NewMessage(MessageType.MsgReadIndex, Leader);
        (message.From, message.Context) = (from, context);
        Send(message);
    }

    private bool TryTakeRead(ReplicaId from, long context, out RefusalReason reason)
    {
        reason = RefusalReason.None;
        if (HasCommittedInTerm)
        {
            StartRead(from, context);
            return true;
        }

        // Before the first commit of its term a leader does not know what is committed, also when it is the only voter: after a power loss its
        // commit index may lie behind what it acknowledged.
        if (_reads.AwaitingCommitCount >= _config.MaxPendingReads)
        {
            // Bounded, unlike etcd's list: a leader that commits nothing would gather the reads of all its clients, and their repetitions.
            reason = RefusalReason.PendingReadLimit;
            return false;
        }

        _reads.AwaitCommit(from, context);
        return true;
    }

    private void StartRead(ReplicaId from, long context)
    {
        // The index is fixed now: what commits while the quorum is being asked began after the read did, and need not be seen by it.
        Invariant.Holds(Role is RaftRole.Leader, $"only a leader knows what a read must see: {this}");
        Invariant.Holds(HasCommittedInTerm, $"a read is taken before the first commit of term {Term}: {_log}");
        if (_tracker.Config.Voters.IsSoleVoter(Id) || HasLeaseAt(_now))
        {
            AnswerRead(new PendingRead(from, context, _log.Committed, 0));
            return;
        }

        // Reads that come before the heartbeats of the latest round have left share it: thousands of reads cost one round.
        if (!_reads.IsRoundOpen)
        {
            BroadcastHeartbeat();
        }

        _reads.AwaitRound(from, context, _log.Committed);
    }

    /// <summary>True while a quorum has promised not to vote for anybody else, reckoned from when the heartbeats were sent that it answered.</summary>
    private bool HasLeaseAt(TimeSpan now) =>
        _config.ReadOnlyOption is ReadOnlyOption.LeaseBased && !_hasSentTimeoutNow && _tracker.LeaseEnd(Id) > now;

    // Each as if it came now: then it is newer than every heartbeat that has left, so nothing that was confirmed before can confirm it by mistake.
    private void ReleaseReadsAwaitingCommit()
    {
        while (_reads.TryTakeCommitted(out var read))
        {
            StartRead(read.From, read.Context);
        }
    }

    private void AnswerRead(PendingRead read)
    {
        Invariant.Holds(Role is RaftRole.Leader, $"only a leader knows what a read must see: {this}");
        Invariant.Holds(read.Index <= _log.Committed, $"{read} must see what is not committed: {_log}");
        Invariant.Holds(!read.From.IsNone, $"nobody asked for {read}");
        if (read.From == Id)
        {
            _readStates.Add(new ReadState(read.Index, read.Context));
            return;
        }

        // Waits for no disk, and may be late or lost: an index that was confirmed once stays good enough for that read for ever.
        var answer = NewMessage(MessageType.MsgReadIndexResp, read.From);
        (answer.Index, answer.Context) = (read.Index, read.Context);
        Send(answer);
    }

    // At once, instead of leaving whoever asked to its timeout. A read is never lost by this: nothing has happened.
    private void RefuseAllReads()
    {
        while (_reads.TryTakeAny(out var read))
        {
            if (read.From == Id)
            {
                _readStates.Add(new ReadState(0, read.Context, RefusalReason.LeadershipLost));
            }
            else
            {
                PostReadRefusal(read.From, read.Context);
            }
        }

        _reads.Reset();
        Invariant.Holds(_reads.PendingCount == 0, $"{_reads.PendingCount} reads would be answered by a later leadership: {this}");
    }

    private StepResult RefuseForwardedRead(Message message, RefusalReason reason)
    {
        // One of its own that a former leader has passed back is not answered by a message to itself; its host asks again, as after a lost message.
        if (message.From != Id && !message.From.IsNone)
        {
            PostReadRefusal(message.From, message.Context);
        }

        return Refuse(reason);
    }

    // Etcd has no such answer; its raftpb knows the field, and etcd's own followers would take it for index 0, so it goes to ours only.
    private void PostReadRefusal(ReplicaId to, long context)
    {
        var answer = NewMessage(MessageType.MsgReadIndexResp, to);
        (answer.Reject, answer.Context) = (true, context);
        Send(answer);
    }

    private StepResult OnReadAnswer(Message message)
    {
        var reason = message.Reject ? RefusalReason.LeadershipLost : RefusalReason.None;
        _readStates.Add(new ReadState(message.Index, message.Context, reason));
        return Accept();
    }

    private ReadIndexResult RefuseRead(RefusalReason reason) => new(false, false, reason, Leader);

    // Every broadcast is a round of its own, so that an answer tells which one its sender has heard. Etcd sends the read's context instead, which whoever asks
    // chooses: one that was used before is confirmed by answers to the earlier heartbeats (its issue 392).
    private void BroadcastHeartbeat()
    {
        Invariant.Holds(Role is RaftRole.Leader, $"only a leader sends heartbeats: {this}");
        var round = _reads.StartRound(_now);
        foreach (var peer in _tracker.Peers)
        {
            if (peer.Id == Id)
            {
                continue;
            }

            // Learners too: their answers count in no quorum, but open their windows when something was lost.
            // Not beyond what the peer is known to have: it may lack what is committed, and must not commit other entries in its place.
            var commit = Math.Min(peer.Match, _log.Committed);
            var message = NewMessage(MessageType.MsgHeartbeat, peer.Id);
            (message.Commit, message.Context) = (commit, round);
            Send(message);
            peer.SentCommit(commit);
        }
    }

    /// <summary>
    /// A follower's sign of life. It opens what was waiting for one, counts for the quorum check, confirms the reads of its round, and carries the promise
    /// that a lease rests on.
    /// </summary>
    private StepResult OnHeartbeatAnswer(Message message)
    {
        if (_tracker.Find(message.From) is not { } peer)
        {
            return Ignore(RefusalReason.UnknownPeer);
        }

        Invariant.Holds(message.Term == Term, $"an answer of another term would confirm reads in {Term}: {message}");

        Invariant.Holds(Role is RaftRole.Leader && peer.Id != Id, $"an answer to a heartbeat that this replica cannot have sent: {message} and {this}");

        // An answer to a heartbeat means that messages pass again: whatever was waited for may have been lost.
        peer.IsRecentlyActive = true;
        peer.IsFlowPaused = false;
        if (peer.Match < _log.LastIndex || peer.State is ProgressState.Probe)
        {
            TrySendAppend(peer, mayBeEmpty: true);
        }

        var round = message.Context;
        if (round <= 0 || round > _reads.Round)
        {
            // Not of this leadership, or no round at all: it confirms nothing.
            return Accept();
        }

        // A round too old to know its time gives no lease and still confirms: reads ask what was heard, leases ask when.
        peer.AnsweredHeartbeat(round);
        if (message.Promise > TimeSpan.Zero && _reads.TryGetSentAt(round, out var sentAt))
        {
            // Nobody keeps still for a day; a number that says so is damaged, and less is always safe.
            var promise = message.Promise < LongestPromise ? message.Promise : LongestPromise;
            peer.Promised(sentAt + (promise * ((100 - _config.ClockDriftPercent) / 100.0)));
        }

        AnswerConfirmedReads();
        return Accept();
    }

    private void AnswerConfirmedReads()
    {
        // A quorum, of both halves while the configuration is joint: else the other half could have elected somebody who has written meanwhile.
        var confirmed = _tracker.AnsweredRound(Id);
        while (_reads.TryTakeConfirmed(confirmed, out var read))
        {
            AnswerRead(read);
        }
    }
}
