using System;

namespace Orleans.Raft.Core;

/// <content>The follower's side of the log (Raft §5.3, §7), and what the local threads report.</content>
public sealed partial class RaftNode
{
    // A candidate that hears from a leader of its term has lost, whoever it was (Raft §5.2).
    private StepResult FollowNewLeader(Message message)
    {
        Invariant.Holds(Role is RaftRole.Candidate or RaftRole.PreCandidate, $"{message} ends an election that is not going on: {this}");
        BecomeFollower(Term, message.From);
        return FollowLeader(message);
    }

    /// <summary>A message that only the leader of this term sends: whatever it says, the leader lives, and the election timer starts anew.</summary>
    private StepResult FollowLeader(Message message)
    {
        if (message.Type is not MessageType.MsgSnap)
        {
            // A snapshot proves nothing: whoever has one may send it.
            Invariant.Holds(_provenLeader.IsNone || _provenLeader == message.From, $"two leaders in one term, {_provenLeader} and {message}");
            _provenLeader = message.From;
        }

        // An old message says so too: its term is the present one. And one that is refused below: who leads has nothing to do with how far the logs agree.
        Invariant.Holds(Role is RaftRole.Follower && message.From != Id, $"{message} is followed by {this}");
        _electionElapsed = 0;
        Leader = message.From;
        return OnLeaderMessage(message);
    }

    private StepResult OnLeaderMessage(Message message) =>
        message.Type is MessageType.MsgApp ? OnAppend(message)
        : message.Type is MessageType.MsgHeartbeat ? OnHeartbeat(message)
        : OnSnapshot(message);

    /// <summary>
    /// AppendEntries, receiver (Raft figure 2). Rules 1 and 2 are the gate and the log's match, 3 and 4 are <see cref="RaftLog.TryAppend"/>, 5 is its
    /// commit. Every branch answers: a leader that heard nothing would have to guess.
    /// </summary>
    private StepResult OnAppend(Message message)
    {
        Invariant.Holds(message.Term == Term, $"entries of term {message.Term} reach a follower of term {Term}");
        var slice = new LogSlice(message.Term, new EntryId(message.LogTerm, message.Index), message.Entries);
        if (!slice.IsWellFormed())
        {
            return Refuse(RefusalReason.MalformedMessage);
        }

        if (slice.Previous.Index < _log.Committed)
        {
            // Old or repeated. What is committed agrees with every leader to come, so it can be acknowledged.
            Post(MessageType.MsgAppResp, message.From, 0, _log.Committed);
        }
        else if (_log.TryAppend(slice, message.Commit))
        {
            // Not this log's end: what is behind the slice was never compared with the leader's log.
            Invariant.Holds(slice.LastIndex <= _log.LastIndex, $"entries up to {slice.LastIndex} would be acknowledged, which are not there: {_log}");
            Post(MessageType.MsgAppResp, message.From, 0, slice.LastIndex);
        }
        else
        {
            // Entries of later terms than the leader's there can't agree: the leader skips them all at once, instead of one probe each.
            var hint = _log.FindConflictByTerm(Math.Min(slice.Previous.Index, _log.LastIndex), slice.Previous.Term);
            // The index that was refused goes back too: by it the leader tells this answer from that to an earlier probe.
            Invariant.Holds(hint.Index >= 0 && hint.Index <= slice.Previous.Index, $"the hint {hint} is beyond what was refused: {slice}");
            var answer = NewMessage(MessageType.MsgAppResp, message.From);
            (answer.Index, answer.Reject, answer.RejectHint, answer.LogTerm) = (slice.Previous.Index, true, hint.Index, hint.Term);
            Send(answer);
            Trace(TraceKind.AppendRejected, message.From, hint);
        }

        return Accept();
    }

    // An append without entries would do, and does in the paper. A message of its own needs no previous entry, so that it can be sent to a follower whose
    // log is not known yet, and is the same for all of a round but for the commit index.
    private StepResult OnHeartbeat(Message message)
    {
        Invariant.Holds(message.Term == Term, $"a heartbeat of term {message.Term} reaches a follower of term {Term}");

        // Not beyond what this replica has acknowledged; if it has less now, it has lost its log, and that is an invariant of CommitTo.
        _log.CommitTo(message.Commit);
        if (_config.VotePromise > TimeSpan.Zero)
        {
            // From now, the arrival, not from the sending: the leader reckons from its sending, and so ends its lease before this ends.
            var until = _now + _config.VotePromise;
            _promisedUntil = until > _promisedUntil ? until : _promisedUntil;
            Invariant.Holds(HasPromised, $"a promise is told to {message.From} that is over already: until {_promisedUntil}, now {_now}");
        }

        // Waits for no disk, unlike all other answers: it says that this replica lives, follows and will not vote, and nothing of its log.
        var answer = NewMessage(MessageType.MsgHeartbeatResp, message.From);
        (answer.Context, answer.Promise) = (message.Context, _config.VotePromise);
        Send(answer);
        return Accept();
    }

    /// <summary>InstallSnapshot (Raft figure 13). The state itself is the host's business; here it takes the place of the log that leads to it.</summary>
    private StepResult OnSnapshot(Message message)
    {
        // No leader holds an entry of a later term than its own, and no log is so long that there is no index behind it.
        if (message.Snapshot is not { } snapshot || snapshot.Id.Index is <= 0 or long.MaxValue || snapshot.Id.Term <= 0 || snapshot.Id.Term > message.Term)
        {
            return Refuse(RefusalReason.MalformedMessage);
        }

        Invariant.Holds(message.Term == Term, $"a snapshot of term {message.Term} reaches a follower of term {Term}");
        var isRestored = TryRestore(snapshot);
        if (isRestored)
        {
            Invariant.Holds(_log.LastIndex == snapshot.Id.Index && _log.Committed == snapshot.Id.Index, $"snapshot {snapshot.Id} became {_log}");
            Trace(TraceKind.SnapshotRestored, message.From, snapshot.Id);
        }

        // Refused or not, the leader hears where this replica stands. Silence would leave it waiting in state Snapshot.
        Post(MessageType.MsgAppResp, message.From, 0, isRestored ? _log.LastIndex : _log.Committed);
        return Accept();
    }

    /// <summary>False when the snapshot is of no use here: older than what is committed, not meant for this replica, or of a prefix of its own log.</summary>
    private bool TryRestore(Snapshot snapshot)
    {
        // Nothing that is committed is given up for a snapshot, and a replica that the snapshot does not name is being sent somebody else's.
        if (snapshot.Id.Index <= _log.Committed || Role is not RaftRole.Follower || !Names(snapshot.ConfState, Id))
        {
            return false;
        }

        // Log matching: who has the last entry of the snapshot has all of them, and whatever it has behind that it may have acknowledged (Raft §7: "retains log
        // entries following it and replies"). To drop them could un-commit them.
        if (_log.Matches(snapshot.Id))
        {
            // The log has it all; only the commit index was behind.
            _log.CommitTo(snapshot.Id.Index);
            return false;
        }

        _log.Restore(snapshot);
        return true;
    }

    // LearnersNext are outgoing voters, so they are named.
    private static bool Names(ConfState state, ReplicaId id) =>
        state.Voters.Contains(id) || state.Learners.Contains(id) || state.VotersOutgoing.Contains(id);

    /// <summary>The append thread has made durable what the message names.</summary>
    private StepResult OnAppendStored(Message message)
    {
        if (message.Index != 0)
        {
            // By term and index: the tail may have been replaced while the write was under way. Etcd has the schedule in a comment of
            // newStorageAppendRespMsg; a message of an old term never comes here at all.
            Invariant.Holds(message.LogTerm <= Term, $"durable in a term that has not begun: {message} and {this}");
            _log.StableTo(new EntryId(message.LogTerm, message.Index));
        }

        if (message.Snapshot is { } snapshot)
        {
            OnSnapshotStored(snapshot);
        }

        return Accept();
    }

    /// <summary>
    /// The snapshot is on the disk, and the state machine holds what it holds: from here on its configuration is in force, and the log starts behind it.
    /// </summary>
    private void OnSnapshotStored(Snapshot snapshot)
    {
        // Only now, not when it arrived: the host may still have been applying configuration changes from before it, each on top of the one before.
        // Until now this replica could not campaign, and a follower needs no configuration.
        if (_log.HasPendingSnapshot && snapshot.Id.Index > _log.Applied)
        {
            var problem = ConfChanger.Restore(_tracker, _log.LastIndex, snapshot.ConfState);
            Invariant.Holds(problem is null, $"configuration of snapshot {snapshot.Id}: {problem}");
        }

        _log.StableSnapshotTo(snapshot.Id.Index);
        MoveApplied(snapshot.Id.Index, 0);
    }

    /// <summary>
    /// The apply thread has applied what the message holds, in order. The report comes after <see cref="ApplyConfChange"/> of the same entries and may come
    /// long after: "applied" here means that the host never has to be given those entries again in this life.
    /// </summary>
    private StepResult OnEntriesApplied(Message message)
    {
        if (message.Entries.Count > 0)
        {
            Invariant.Holds(message.Entries[^1].Index <= _log.Applying, $"{message} was never handed out to be applied: {_log}");
            var (size, payload) = (0L, 0L);
            for (var i = 0; i < message.Entries.Count; i++)
            {
                var entry = message.Entries[i];
                size += EntrySize.Of(entry);
                payload += entry.Data.Length;
            }

            MoveApplied(message.Entries[^1].Index, size);
            // Entries of earlier leaders were never added, so it may not become negative.
            _uncommittedSize = Math.Max(0, _uncommittedSize - payload);
        }

        return Accept();
    }

    private void MoveApplied(long index, long size)
    {
        // A snapshot may have overtaken entries that were being applied; their completion is old news.
        var applied = Math.Max(index, _log.Applied);
        _log.AppliedTo(applied, size);
        // Thesis §4.3: the leader appends the next configuration once the joint one is in force. Whichever leader: the one that entered it may be gone (etcd
        // issue 12136). And not before the change is applied by this report, or it would be refused as one change too many.
        if (_tracker.Config.AutoLeave && applied >= _pendingConfIndex && Role is RaftRole.Leader)
        {
            // It may be refused while leadership is handed over; the next applied entry tries again, here or at the next leader. Empty, as the whole next
            // configuration is known already: it has no payload, so no limit refuses it.
            _oneEntry[0] = new Entry(0, 0, EntryType.EntryConfChangeV2, default);
            AppendProposals(_oneEntry);
        }
    }
}
