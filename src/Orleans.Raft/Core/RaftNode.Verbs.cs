using System;
using System.Collections.Generic;

namespace Orleans.Raft.Core;

/// <content>The verbs: each is framed by <c>Enter</c>, which keeps evidence and refuses a faulted replica, and turns what is thrown inside into a fault.</content>
public sealed partial class RaftNode
{
    /// <summary>A message from a peer, or from a local thread. The message may be given back with <see cref="Recycle"/> afterwards.</summary>
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
}
