namespace Orleans.Raft.Core;

/// <content>The gate for messages, the rules about terms (Raft §5.1), and the table of roles and messages.</content>
public sealed partial class RaftNode
{
    /// <summary>
    /// The gate. Messages come from a network, so they may be old, damaged or made up: what shows by itself that no correct replica has sent it is refused
    /// here, and what is behind the gate may rely on that. What contradicts this replica's own state is another matter: one of the two has lost something.
    /// </summary>
    private StepResult Admit(Message message)
    {
        Invariant.Holds(!message.IsInPool, $"a message was given back, and comes again: {message}");
        if (message.From.IsLocalThread)
        {
            if (message.Type is not (MessageType.MsgStorageAppendResp or MessageType.MsgStorageApplyResp))
            {
                // The threads say what is done and nothing else: a vote of theirs would be nobody's.
                return Refuse(RefusalReason.MalformedMessage);
            }
        }
        else
        {
            if (message.Type.IsLocal())
            {
                // From the wire it could make this replica believe that its disk has what it has not.
                return Refuse(RefusalReason.LocalMessage);
            }

            if (message.Type.IsResponse() && _tracker.Find(message.From) is null)
            {
                // A removed replica may still answer. It counts in no quorum, and there is no progress to put its answer into.
                return Refuse(RefusalReason.UnknownPeer);
            }
        }

        return IsMalformed(message) ? Refuse(RefusalReason.MalformedMessage) : StepWithTerm(message);
    }

    /// <summary>What no correct replica sends. To answer it, or to take it for a message of the present term, would be wrong.</summary>
    private bool IsMalformed(Message message)
    {
        if (message.Term < 0 || message.LogTerm < 0 || message.Index < 0 || message.Commit < 0 || message.RejectHint < 0 || message.From.Value < 0)
        {
            return true;
        }

        return message.Type switch
        {
            // No leader and no candidate is in term 0, nor sends to itself.
            MessageType.MsgApp or MessageType.MsgHeartbeat or MessageType.MsgSnap or MessageType.MsgVote or MessageType.MsgPreVote
                or MessageType.MsgTimeoutNow => message.Term == 0 || message.From == Id || message.From.IsNone,

            // Its own vote and its own acknowledgement, once they are durable, are the only answers that a replica gives itself.
            MessageType.MsgVoteResp => message.Term == 0,
            MessageType.MsgAppResp => message.Term == 0 || (message.From == Id && message.Reject),
            MessageType.MsgHeartbeatResp => message.Term == 0 || message.From == Id,

            // A replica that has never heard of a term may be asked in advance, or for a read, and say no.
            MessageType.MsgPreVoteResp or MessageType.MsgReadIndexResp => message.Term == 0 && !message.Reject,

            // What is passed on carries no term and keeps its first sender: a read without one could be answered to nobody.
            MessageType.MsgReadIndex => message.From.IsNone,
            MessageType.MsgProp or MessageType.MsgTransferLeader => false,
            MessageType.MsgHup or MessageType.MsgBeat or MessageType.MsgUnreachable or MessageType.MsgSnapStatus or MessageType.MsgCheckQuorum
                or MessageType.MsgForgetLeader or MessageType.MsgStorageAppend or MessageType.MsgStorageAppendResp
                or MessageType.MsgStorageApply or MessageType.MsgStorageApplyResp => false,
        };
    }

    /// <summary>
    /// Rules for all servers (Raft figure 2, §5.1): a higher term is adopted, a lower one is answered or ignored, and only what is of the present term, or
    /// of none, reaches a role. So no role needs to look at terms again.
    /// </summary>
    private StepResult StepWithTerm(Message message)
    {
        if (message.Term > Term)
        {
            if (IsVoteRequest(message) && !message.IsCampaignTransfer && HearsLeader())
            {
                // Stickiness (thesis §4.2.3): a replica that was cut off or removed does not depose a working leader. Silent, so that it learns no term.
                return Ignore(RefusalReason.LeaderAlive);
            }

            AdoptTerm(message);
        }
        else if (message.Term != 0 && message.Term < Term)
        {
            return OnOldTerm(message);
        }
        else if (message.Type is MessageType.MsgVote && !message.IsCampaignTransfer && HasPromised)
        {
            // The term may have come to this replica by an answer of somebody else, after it promised: 3 campaigns and is ignored, then answers an old append of
            // 2 in its new term, and asks 2 again. The leader of the term before still counts on 2 for its lease.
            return Ignore(RefusalReason.LeaderAlive);
        }

        Invariant.Holds(message.Term <= Term || message.Type is MessageType.MsgPreVote or MessageType.MsgPreVoteResp, $"{message} is processed in {this}");
        return Role switch
        {
            RaftRole.Leader => StepLeader(message),
            RaftRole.Candidate => StepCandidate(message),
            RaftRole.PreCandidate => StepCandidate(message),
            RaftRole.Follower => StepFollower(message),
        };
    }

    private static bool IsVoteRequest(Message message) => message.Type is MessageType.MsgVote or MessageType.MsgPreVote;

    // By ticks where the quorum check vouches for leaders, as etcd does; by the clock where something was promised, whatever the ticks say.
    private bool HearsLeader() => (_config.CheckQuorum && !Leader.IsNone && _electionElapsed < _config.ElectionTicks) || HasPromised;

    private void AdoptTerm(Message message)
    {
        if (message.Type is MessageType.MsgPreVote || (message.Type is MessageType.MsgPreVoteResp && !message.Reject))
        {
            // The term of a pre-vote is the one that would come; nobody is in it yet.
            return;
        }

        var isFromLeader = message.Type is MessageType.MsgApp or MessageType.MsgHeartbeat or MessageType.MsgSnap;
        // Others than a leader prove that the term exists, not who leads it.
        BecomeFollower(message.Term, isFromLeader ? message.From : ReplicaId.None);
    }

    /// <summary>
    /// A message of a term that is over. It must change nothing that belongs to the present one; some of them are answered all the same, because silence
    /// would leave their sender, or this replica, stuck (etcd answers two of these kinds, divergence.md tells of the others).
    /// </summary>
    private StepResult OnOldTerm(Message message)
    {
        if (message.Type is MessageType.MsgHeartbeat or MessageType.MsgApp
            && (_config.CheckQuorum || _config.PreVote || _config.ExplainRefusals))
        {
            // This replica raised its term while it was cut off and is ignored as a candidate: an answer in its term makes the leader step down
            // and brings it back.
            Post(MessageType.MsgAppResp, message.From, 0);
        }
        else if (message.Type is MessageType.MsgPreVote || (message.Type is MessageType.MsgVote && _config.ExplainRefusals))
        {
            // Not silent: with mixed settings, or where this replica's configuration doesn't hold the candidate, it would wait for ever.
            LearnCommitOfRequest(message);
            var answer = NewMessage(message.Type is MessageType.MsgVote ? MessageType.MsgVoteResp : MessageType.MsgPreVoteResp, message.From);
            (answer.Term, answer.Reject) = (Term, true);
            TellCommit(answer);
            Send(answer);
        }
        else if (message.Type is MessageType.MsgStorageAppendResp && message.Snapshot is { } snapshot)
        {
            // Entries that became durable in an old term may have been replaced since. A snapshot holds what is committed.
            OnSnapshotStored(snapshot);
        }
        else if (message.Type is MessageType.MsgVoteResp or MessageType.MsgPreVoteResp)
        {
            // Whoever refuses a pre-vote stays in its own term. It may be the only one to say that the configuration in which it is being asked is over (simulator,
            // seed 2048632: {3} is left of {1,2,3,4} and has a higher term and a shorter log than those who know that).
            LearnCommitOfAnswer(message);
        }
        else if (message.Type is MessageType.MsgReadIndexResp)
        {
            // An index that was confirmed after the read was asked for stays good enough, whoever leads now.
            return OnReadAnswer(message);
        }

        return Ignore(RefusalReason.OldTerm);
    }

    // Three tables, one a role. Every kind of message stands in each of them: a new kind does not build until somebody has decided what each role does with it.
    private StepResult StepLeader(Message message) => message.Type switch
    {
        MessageType.MsgAppResp => OnAppendAnswer(message),
        MessageType.MsgHeartbeatResp => OnHeartbeatAnswer(message),
        MessageType.MsgProp => OnForwardedProposal(message),
        MessageType.MsgReadIndex => OnForwardedRead(message),
        MessageType.MsgTransferLeader => OnTransferRequest(message.From),
        MessageType.MsgVote or MessageType.MsgPreVote => OnVoteRequest(message),
        MessageType.MsgStorageAppendResp => OnAppendStored(message),
        MessageType.MsgStorageApplyResp => OnEntriesApplied(message),
        MessageType.MsgApp or MessageType.MsgHeartbeat or MessageType.MsgSnap => RejectSecondLeader(message),
        MessageType.MsgVoteResp or MessageType.MsgPreVoteResp or MessageType.MsgTimeoutNow => Ignore(RefusalReason.AlreadyLeader),
        MessageType.MsgReadIndexResp => OnReadAnswer(message),
        MessageType.MsgHup or MessageType.MsgBeat or MessageType.MsgUnreachable or MessageType.MsgSnapStatus
            or MessageType.MsgCheckQuorum or MessageType.MsgForgetLeader or MessageType.MsgStorageAppend
            or MessageType.MsgStorageApply => Refuse(RefusalReason.LocalMessage),
    };

    private StepResult StepCandidate(Message message) => message.Type switch
    {
        MessageType.MsgApp or MessageType.MsgHeartbeat or MessageType.MsgSnap => FollowNewLeader(message),
        MessageType.MsgVoteResp when Role is RaftRole.Candidate => OnVoteAnswer(message),
        MessageType.MsgPreVoteResp when Role is RaftRole.PreCandidate => OnVoteAnswer(message),
        MessageType.MsgVoteResp or MessageType.MsgPreVoteResp => OnLateVoteAnswer(message),
        MessageType.MsgProp => Refuse(RefusalReason.ElectionInProgress),
        MessageType.MsgReadIndex => RefuseForwardedRead(message, RefusalReason.ElectionInProgress),
        MessageType.MsgVote or MessageType.MsgPreVote => OnVoteRequest(message),
        MessageType.MsgStorageAppendResp => OnAppendStored(message),
        MessageType.MsgStorageApplyResp => OnEntriesApplied(message),
        MessageType.MsgReadIndexResp => OnReadAnswer(message),
        MessageType.MsgAppResp or MessageType.MsgHeartbeatResp or MessageType.MsgTransferLeader
            or MessageType.MsgTimeoutNow => Ignore(RefusalReason.ElectionInProgress),
        MessageType.MsgHup or MessageType.MsgBeat or MessageType.MsgUnreachable or MessageType.MsgSnapStatus
            or MessageType.MsgCheckQuorum or MessageType.MsgForgetLeader or MessageType.MsgStorageAppend
            or MessageType.MsgStorageApply => Refuse(RefusalReason.LocalMessage),
    };

    private StepResult StepFollower(Message message) => message.Type switch
    {
        MessageType.MsgApp or MessageType.MsgHeartbeat or MessageType.MsgSnap => FollowLeader(message),
        MessageType.MsgVote or MessageType.MsgPreVote => OnVoteRequest(message),
        MessageType.MsgTimeoutNow => OnTimeoutNow(),
        MessageType.MsgReadIndexResp => OnReadAnswer(message),
        MessageType.MsgProp => OnForwardedProposal(message),
        MessageType.MsgReadIndex => OnForwardedRead(message),
        MessageType.MsgTransferLeader => OnTransferRequest(message.From),
        MessageType.MsgStorageAppendResp => OnAppendStored(message),
        MessageType.MsgStorageApplyResp => OnEntriesApplied(message),
        MessageType.MsgVoteResp or MessageType.MsgPreVoteResp => OnLateVoteAnswer(message),
        MessageType.MsgAppResp or MessageType.MsgHeartbeatResp => Ignore(RefusalReason.Irrelevant),
        MessageType.MsgHup or MessageType.MsgBeat or MessageType.MsgUnreachable or MessageType.MsgSnapStatus
            or MessageType.MsgCheckQuorum or MessageType.MsgForgetLeader or MessageType.MsgStorageAppend
            or MessageType.MsgStorageApply => Refuse(RefusalReason.LocalMessage),
    };

    /// <summary>Two leaders in one term cannot be (Raft §5.2); if it happens somebody voted twice, and nothing here can be trusted.</summary>
    private StepResult RejectSecondLeader(Message message)
    {
        // A snapshot may be sent by whoever has one, so it proves nothing.
        Invariant.Holds(message.From == Id || message.Type is MessageType.MsgSnap, $"second leader: {message} while {this}");
        return Ignore(RefusalReason.AlreadyLeader);
    }
}
