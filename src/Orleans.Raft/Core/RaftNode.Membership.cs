using System;
using System.Collections.Generic;

namespace Orleans.Raft.Core;

/// <content>Configuration changes (Raft §6; thesis §4) and handing leadership over (thesis §3.10).</content>
public sealed partial class RaftNode
{
    // A configuration change is an entry like any other on its way (Raft §6): replicated, committed and applied in its place among the commands.
    private ProposeResult ProposeConfChange(EntryType type, byte[] data, TimeSpan now)
    {
        _oneEntry[0] = new Entry(0, 0, type, data);
        return Propose(_oneEntry, now);
    }

    /// <summary>Whether a change may be appended now. One change at a time is what keeps the majorities of old and new overlapping.</summary>
    private RefusalReason JudgeConfChange(in Entry entry)
    {
        Invariant.Holds(Role is RaftRole.Leader, $"only the leader knows what is pending: {this}");
        if (!ConfChangeCodec.TryDecode(entry, out var change))
        {
            // It would be skipped when it is applied, on every replica. Refused here its proposer learns of it.
            return RefusalReason.ConfChangeMalformed;
        }

        if (_config.DisableConfChangeValidation)
        {
            return RefusalReason.None;
        }

        // By what is applied, not by what is committed: a change takes effect when it is applied, and the next one must start from there (thesis §4.1 lets it
        // take effect when it is appended; then a change that is never committed would have to be taken back).
        var isLeaving = change.Changes.IsEmpty;
        return _pendingConfIndex > _log.Applied ? RefusalReason.ConfChangePending
            : _tracker.Config.Voters.IsJoint && !isLeaving ? RefusalReason.ConfChangeJoint
            : !_tracker.Config.Voters.IsJoint && isLeaving ? RefusalReason.ConfChangeNotJoint
            : _config.RefuseConfChanges && ConfChanger.Check(_tracker, change) is not null ? RefusalReason.ConfChangeImpossible
            : RefusalReason.None;
    }

    /// <summary>
    /// A change takes effect. On every replica at the same place of the log, though not at the same time: that is what joint majorities are for (Raft §6).
    /// </summary>
    private void OnConfChangeApplied(ConfChangeV2 change)
    {
        // Whether a change is possible follows from the log alone, so that every replica skips the same ones.
        var isPossible = ConfChanger.TryApply(_tracker, _log.LastIndex, change) is null;
        Invariant.Holds(
            !isPossible || !_tracker.Config.Voters.Incoming.IsEmpty, $"nobody is left to decide anything, not even a way back: {_tracker.Config}");
        Trace(isPossible ? TraceKind.ConfigurationChanged : TraceKind.ConfigurationKept, position: new EntryId(0, _log.Applied));
        if (isPossible)
        {
            OnConfigurationChanged();
        }
    }

    // Followers need nothing: they count no quorum. A candidate that was demoted does no harm: it can't win without a majority that agrees.
    private void OnConfigurationChanged()
    {
        if (Role is not RaftRole.Leader)
        {
            return;
        }

        if (_tracker.Find(Id) is not { IsLearner: false })
        {
            // Without the switch it leads on, as etcd's does, and drops proposals: somebody must replicate the entry that removes it.
            if (_config.StepDownOnRemoval)
            {
                BecomeFollower(Term, ReplicaId.None);
            }

            return;
        }

        // The quorum may have shrunk, so that reads are confirmed and more is committed than before. A leader that is the only voter now hears from nobody who
        // counts, so nothing later would answer the reads it has (simulator, seed 330).
        AnswerConfirmedReads();
        if (TryCommit())
        {
            BroadcastAppend();
        }
        else
        {
            ProbeEverybody();
        }

        if (!_transferee.IsNone && !_tracker.Config.Voters.Contains(_transferee))
        {
            // It can't win any more, and until the timeout no proposal would be taken.
            AbortTransfer();
        }
    }

    private void ProbeEverybody()
    {
        // Newcomers need not wait for a heartbeat or a proposal. What they answer tells where their logs stand, mostly nowhere: then a snapshot follows.
        for (var i = 0; i < _tracker.Count; i++)
        {
            var peer = _tracker.At(i);
            if (peer.Id != Id)
            {
                TrySendAppend(peer, mayBeEmpty: false);
            }
        }
    }

    // The host's own wish; a candidate has no leader to ask.
    private StepResult OnTransferWish(ReplicaId to) =>
        Role is RaftRole.Candidate or RaftRole.PreCandidate ? Refuse(RefusalReason.ElectionInProgress) : OnTransferRequest(to);

    /// <summary>
    /// Thesis §3.10: bring the target's log up to date while no new entries come, then tell it to campaign. The leader stays leader until the target's term
    /// reaches it, so a target that dies or loses costs an election timeout in which nothing is written, and no more.
    /// </summary>
    private StepResult OnTransferRequest(ReplicaId to)
    {
        if (Role is not RaftRole.Leader)
        {
            return ForwardTransfer(to);
        }

        if (_tracker.Find(to) is not { } peer)
        {
            return Refuse(RefusalReason.UnknownPeer);
        }

        // It would not campaign, and proposals would be refused for an election timeout in vain.
        if (peer.IsLearner)
        {
            return Refuse(RefusalReason.Learner);
        }

        if (_transferee == to)
        {
            return Ignore(RefusalReason.TransferInProgress);
        }

        // Another target replaces the earlier one; this replica as target only ends the transfer.
        AbortTransfer();
        if (to == Id)
        {
            return Refuse(RefusalReason.AlreadyLeader);
        }

        Invariant.Holds(_transferee.IsNone, $"leadership is being handed to {_transferee} and now to {to}");

        // The transfer has a whole election timeout.
        _electionElapsed = 0;
        _transferee = to;
        Trace(TraceKind.TransferStarted, to);
        if (peer.Match == _log.LastIndex)
        {
            // It has everything; it could not win with less (Raft §5.4.1). Proposals are refused from now on, so that it stays so.
            SendTimeoutNow(to);
        }
        else
        {
            TrySendAppend(peer, mayBeEmpty: true);
        }

        return Accept();
    }

    private StepResult ForwardTransfer(ReplicaId to)
    {
        if (Leader.IsNone)
        {
            return Refuse(RefusalReason.NoLeader);
        }

        Invariant.Holds(Leader != Id, $"a follower would ask itself to hand over: {this}");

        // The wish names its beneficiary as sender, so that it reads the same whoever passes it on.
        var message = NewMessage(MessageType.MsgTransferLeader, Leader);
        message.From = to;
        Send(message);
        return Accept();
    }

    private void SendTimeoutNow(ReplicaId to)
    {
        Invariant.Holds(Role is RaftRole.Leader && to != Id, $"{to} is told to campaign by {this}");
        Invariant.Holds(_tracker.Find(to)?.Match == _log.LastIndex, $"{to} is told to campaign before it has all that {this} has");

        // The message may arrive late, and what it starts does not ask whether this leader is alive: no lease from here on.
        _hasSentTimeoutNow = true;
        Post(MessageType.MsgTimeoutNow, to, 0);
        Trace(TraceKind.TimeoutNowSent, to);
    }

    // For hosts that know better than the timer that a leader is gone (etcd: MsgForgetLeader). With pre-vote and a quorum check no vote could be had otherwise
    // before an election timeout is over.
    private StepResult OnForgetLeader()
    {
        if (Role is not RaftRole.Follower)
        {
            return Ignore(Role is RaftRole.Leader ? RefusalReason.AlreadyLeader : RefusalReason.ElectionInProgress);
        }

        if (_config.ReadOnlyOption is ReadOnlyOption.LeaseBased)
        {
            return Refuse(RefusalReason.LeaseBasedReads);
        }

        // With leases refused above: whoever forgets its leader would vote for another while the lease still rests on it.
        // Neither term nor vote: if the leader lives, its next message brings it back.
        Leader = ReplicaId.None;
        return Accept();
    }
}
