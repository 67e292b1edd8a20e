using System;
using System.Collections.Generic;

namespace Orleans.Raft.Core;

/// <content>The verbs: each is framed by <c>Enter</c>, which keeps evidence and refuses a faulted replica, and turns what is thrown inside into a fault.</content>
public sealed partial class RaftNode
{
    /// <summary>A message from a peer, or from a local thread. The message may be given back with <see cref="Recycle"/> afterwards.</summary>
    /// <remarks>
    /// Etcd: <c>RawNode.Step</c>. Messages may be lost, doubled, late and out of order. They must be from the group's other replicas, and meant for this
    /// life of this replica: the host drops what was sent to an earlier one (SAFETY-RULES A8), which no number in a Raft message tells.
    /// </remarks>
    /// <param name="message">The message.</param>
    /// <param name="now">Caller's monotonic time, read after the message had arrived: promises not to vote count from it.</param>
    public StepResult Step(Message message, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (!Enter(Input.Of(message), now))
        {
            return Refuse(RefusalReason.Faulted);
        }

        try
        {
            return Leave(Admit(message));
        }
        catch (Exception exception)
        {
            return Fail(exception);
        }
    }

    /// <summary>A tick has passed.</summary>
    /// <remarks>
    /// Patience is counted in ticks, promises in time: ticks that come late or in bursts, as after a pause, cost an election at worst and never a stale read.
    /// </remarks>
    /// <param name="now">Caller's monotonic time.</param>
    public void Tick(TimeSpan now)
    {
        if (!Enter(Input.Of(nameof(Tick)), now))
        {
            return;
        }

        try
        {
            if (Role is RaftRole.Leader)
            {
                TickLeader();
            }
            else
            {
                TickElection();
            }

            Leave(Accept());
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    /// <summary>
    /// Proposes a command. On the leader the entry is appended and sent at once; on a follower it is sent to the leader unless forwarding is off.
    /// </summary>
    /// <remarks>
    /// Accepted means appended to this leader's log and no more; the command is done when the entry of that term and index is applied. Another entry at that
    /// index means that it is lost and was not done; until one of the two is seen its outcome is unknown.
    /// </remarks>
    /// <param name="data">The command; must not change as long as the entry is in use.</param>
    /// <param name="now">Caller's monotonic time.</param>
    public ProposeResult Propose(ReadOnlyMemory<byte> data, TimeSpan now)
    {
        _oneEntry[0] = new Entry(0, 0, EntryType.EntryNormal, data);
        return Propose(_oneEntry, now);
    }

    /// <summary>Proposes several commands as consecutive entries, all or none. The list is read during the call only.</summary>
    public ProposeResult Propose(IReadOnlyList<Entry> entries, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(entries);
        if (!Enter(Input.Of(nameof(Propose), entries.Count), now))
        {
            return ProposeResult.Refused(RefusalReason.Faulted, Leader);
        }

        try
        {
            // A refused proposal is an answer, not a problem of the node: the frame is told that all is well.
            var result = ProposeEntries(entries, Id);
            Leave(Accept());
            return result;
        }
        catch (Exception exception)
        {
            Fail(exception);
            return ProposeResult.Refused(RefusalReason.Faulted, Leader);
        }
    }

    /// <summary>Proposes a configuration change. It takes effect where and when it is applied; one at a time.</summary>
    /// <remarks>Several voters at once pass through a joint configuration (Raft §6); one voter changes in a single step (thesis §4.1).</remarks>
    public ProposeResult ProposeConfChange(ConfChangeV2 change, TimeSpan now) =>
        ProposeConfChange(EntryType.EntryConfChangeV2, ConfChangeCodec.Encode(change), now);

    /// <summary>Proposes a configuration change in the single-step form.</summary>
    public ProposeResult ProposeConfChange(ConfChange change, TimeSpan now) =>
        ProposeConfChange(EntryType.EntryConfChange, ConfChangeCodec.Encode(change), now);

    /// <summary>
    /// A committed configuration change is being applied. To be called for each, in order, before the apply is reported. A change that is impossible in the
    /// configuration at hand changes nothing, on every replica alike. To reject a change, the host calls this with a change without operations on real replicas.
    /// </summary>
    /// <returns>The configuration in force afterwards; to be stored with the applied index.</returns>
    public ConfState ApplyConfChange(ConfChangeV2 change)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (!EnterUntimed(Input.Of(nameof(ApplyConfChange), change.Changes.Length)))
        {
            // The configuration as it was: a faulted replica takes no part in anything, but its host may still ask.
            return _tracker.ConfState();
        }

        try
        {
            OnConfChangeApplied(change);
            Leave(Accept());
        }
        catch (Exception exception)
        {
            Fail(exception);
        }

        return _tracker.ConfState();
    }

    /// <summary>
    /// Asks from which index on local state is fresh enough for a linearizable read. The answer comes as a <see cref="ReadState"/> with the same context.
    /// </summary>
    /// <remarks>
    /// Thesis §6.4. An answer may come with the next Ready, after a round of heartbeats, or never, if a message is lost: ask again, under another context. The
    /// index of an answer is not behind anything that was committed, and acknowledged anywhere, before the read was asked for.
    /// </remarks>
    /// <param name="context">The caller's number for it: never used before, not by an earlier life either; start from a random number (SAFETY-RULES A8).</param>
    /// <param name="now">Caller's monotonic time, read after the read had begun: a lease is checked against it.</param>
    public ReadIndexResult ReadIndex(long context, TimeSpan now)
    {
        if (!Enter(Input.Of(nameof(ReadIndex), context), now))
        {
            return RefuseRead(RefusalReason.Faulted);
        }

        try
        {
            var result = OnReadRequest(context);
            Leave(Accept());
            return result;
        }
        catch (Exception exception)
        {
            Fail(exception);
            return RefuseRead(RefusalReason.Faulted);
        }
    }

    /// <summary>Asks the leader, wherever it is, to hand leadership to a replica. Given up after an election timeout.</summary>
    /// <remarks>Thesis §3.10. Meanwhile the leader refuses proposals. Accepted means begun: whether it succeeded shows in the next leader's term.</remarks>
    public TransferResult TransferLeadership(ReplicaId to, TimeSpan now)
    {
        if (!Enter(Input.Of(nameof(TransferLeadership), to.Value), now))
        {
            return new TransferResult(false, false, RefusalReason.Faulted, Leader);
        }

        try
        {
            var result = OnTransferWish(to);
            Leave(result);
            return new TransferResult(result.IsAccepted, result.IsAccepted && Role is not RaftRole.Leader, result.Reason, Leader);
        }
        catch (Exception exception)
        {
            Fail(exception);
            return new TransferResult(false, false, RefusalReason.Faulted, Leader);
        }
    }

    /// <summary>Starts an election now.</summary>
    /// <remarks>
    /// As if the election timer had run out (etcd: MsgHup). It neither skips pre-vote nor moves voters that hear a leader, and it is refused while this
    /// replica has promised not to.
    /// </remarks>
    public StepResult Campaign(TimeSpan now)
    {
        if (!Enter(Input.Of(nameof(Campaign)), now))
        {
            return Refuse(RefusalReason.Faulted);
        }

        try
        {
            return Leave(StartElection(_config.PreVote ? CampaignKind.PreElection : CampaignKind.Election));
        }
        catch (Exception exception)
        {
            return Fail(exception);
        }
    }

    /// <summary>
    /// A follower forgets its leader without changing term: it may vote again, while the leader can still reach it. Refused with lease reads.
    /// </summary>
    public StepResult ForgetLeader()
    {
        if (!EnterUntimed(Input.Of(nameof(ForgetLeader))))
        {
            return Refuse(RefusalReason.Faulted);
        }

        try
        {
            return Leave(OnForgetLeader());
        }
        catch (Exception exception)
        {
            return Fail(exception);
        }
    }

    /// <summary>The last message to a peer was probably lost: send with care until it is heard from.</summary>
    public void ReportUnreachable(ReplicaId peer)
    {
        if (!EnterUntimed(Input.Of(nameof(ReportUnreachable), peer.Value)))
        {
            return;
        }

        try
        {
            OnUnreachable(peer);
            Leave(Accept());
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    /// <summary>The transfer of a snapshot to a peer has ended. Without this report the peer would wait for ever.</summary>
    public void ReportSnapshot(ReplicaId peer, bool succeeded)
    {
        if (!EnterUntimed(Input.Of(nameof(ReportSnapshot), peer.Value)))
        {
            return;
        }

        try
        {
            OnSnapshotReported(peer, succeeded);
            Leave(Accept());
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    /// <summary>
    /// The replica was not ticked for a while because its group was asleep (SAFETY-RULES B4). A leader's quorum check starts anew; a follower whose
    /// leader is lost no longer sticks to it and campaigns within one election timeout.
    /// </summary>
    /// <param name="isLeaderLost">The host knows that the leader's process is gone.</param>
    /// <param name="now">Caller's monotonic time.</param>
    public void Wake(bool isLeaderLost, TimeSpan now)
    {
        if (!Enter(Input.Of(nameof(Wake), isLeaderLost ? 1 : 0), now))
        {
            return;
        }

        try
        {
            OnWake(isLeaderLost);
            Leave(Accept());
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    /// <summary>
    /// The replica will have no input for a while: room that work needed is given back. It decides nothing by it, and forgets nothing but all inputs before the
    /// last few. Uses up the last <see cref="Ready"/>.
    /// </summary>
    internal void Shrink()
    {
        if (_fault is not null)
        {
            return;
        }

        _inputs.Shrink();
        _pool.Shrink();
        _reads.Shrink();
        _log.Shrink();
        _ready.Clear();
        _ready.Shrink();
        _messages.TrimExcess();
        _afterAppend.TrimExcess();
        _stepsOnAdvance.TrimExcess();
        _readStates.TrimExcess();
        foreach (var peer in _tracker.Peers)
        {
            peer.Inflights.Shrink();
        }
    }
}
