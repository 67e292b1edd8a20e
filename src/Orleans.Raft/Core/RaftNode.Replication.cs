using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Orleans.Raft.Core;

/// <content>The leader's side of the log: proposals, sending, acknowledgements, commit (Raft §5.3, §5.4.2, §7).</content>
public sealed partial class RaftNode
{
    private StepResult OnForwardedProposal(Message message)
    {
        if (message.Entries.Count == 0)
        {
            return Refuse(RefusalReason.MalformedMessage);
        }

        var result = ProposeEntries(message.Entries, message.From);
        return result.Status is ProposeStatus.Refused ? Refuse(result.Reason) : Accept();
    }

    private ProposeResult ProposeEntries(IReadOnlyList<Entry> entries, ReplicaId from) => Role switch
    {
        RaftRole.Leader => AppendProposals(entries),
        RaftRole.Follower => ForwardProposals(entries, from),
        RaftRole.Candidate or RaftRole.PreCandidate => ProposeResult.Refused(RefusalReason.ElectionInProgress, Leader),
    };

    private ProposeResult ForwardProposals(IReadOnlyList<Entry> entries, ReplicaId from)
    {
        if (Leader.IsNone)
        {
            return ProposeResult.Refused(RefusalReason.NoLeader, Leader);
        }

        if (_config.DisableProposalForwarding)
        {
            return ProposeResult.Refused(RefusalReason.ForwardingDisabled, Leader);
        }

        Invariant.Holds(Leader != Id, $"a follower would send itself what was proposed: {this}");
        var message = NewMessage(MessageType.MsgProp, Leader);
        message.From = from;
        message.OwnEntries().AddRange(entries);
        Send(message);
        return new ProposeResult(ProposeStatus.Forwarded, default, RefusalReason.None, Leader);
    }

    private ProposeResult AppendProposals(IReadOnlyList<Entry> entries)
    {
        if (_tracker.Find(Id) is null)
        {
            // It leads a group that it has left, until another leader is found; what it took now might be lost with it.
            return ProposeResult.Refused(RefusalReason.NotMember, Leader);
        }

        if (!_transferee.IsNone)
        {
            return ProposeResult.Refused(RefusalReason.TransferInProgress, Leader);
        }

        var replaced = RefusalReason.None;
        var (first, conf) = (_log.LastIndex + 1, _pendingConfIndex);
        for (var i = 0; i < entries.Count; i++)
        {
            if (entries[i].Type is EntryType.EntryNormal)
            {
                continue;
            }

            // One change at a time: each is judged against all before it, those of the same proposal too.
            var problem = JudgeConfChange(entries[i]);
            if (problem is RefusalReason.None)
            {
                _pendingConfIndex = first + i;
            }
            else if (_config.RefuseConfChanges || problem is RefusalReason.ConfChangeMalformed)
            {
                _pendingConfIndex = conf;
                return ProposeResult.Refused(problem, Leader);
            }
            else
            {
                replaced = problem;
                entries = WithoutConfChange(entries, i);
            }
        }

        if (!TryReserveUncommitted(entries))
        {
            // Nothing was appended, so nothing is pending.
            _pendingConfIndex = conf;
            return ProposeResult.Refused(RefusalReason.UncommittedLimit, Leader);
        }

        // Term and index are given here and nowhere else; what a proposer wrote into them does not matter.
        for (var i = 0; i < entries.Count; i++)
        {
            _log.Append(new Entry(Term, first + i, entries[i].Type, entries[i].Data));
        }

        Invariant.Holds(_log.LastIndex == first + entries.Count - 1, $"{entries.Count} entries from {first} on end at {_log.LastIndex}");
        AcknowledgeOwn();
        BroadcastAppend();
        var status = replaced is RefusalReason.None ? ProposeStatus.Accepted : ProposeStatus.Replaced;
        return new ProposeResult(status, new EntryId(Term, first), replaced, Leader);
    }

    private static Entry[] WithoutConfChange(IReadOnlyList<Entry> entries, int position)
    {
        Entry[] copy = [.. entries];
        copy[position] = new Entry(0, 0, EntryType.EntryNormal, default);
        return copy;
    }

    private void AppendOwn(Entry entry)
    {
        _log.Append(new Entry(Term, _log.LastIndex + 1, entry.Type, entry.Data));
        AcknowledgeOwn();
    }

    /// <summary>The leader acknowledges its own entries when they are durable, like everybody.</summary>
    private void AcknowledgeOwn()
    {
        _isOwnAckDue = _config.CoalesceAppends;
        if (!_isOwnAckDue)
        {
            Post(MessageType.MsgAppResp, Id, 0, _log.LastIndex);
        }
    }

    // Bounds what a leader that reaches no quorum piles up in memory.
    private bool TryReserveUncommitted(IReadOnlyList<Entry> entries)
    {
        var size = 0L;
        for (var i = 0; i < entries.Count; i++)
        {
            size += entries[i].Data.Length;
        }

        // What has no payload is never refused, and a single proposal may exceed the limit when nothing else is outstanding.
        if (size > 0 && _uncommittedSize > 0 && size > _config.MaxUncommittedSize - _uncommittedSize)
        {
            return false;
        }

        _uncommittedSize += size;
        Invariant.Holds(_uncommittedSize >= 0, $"{size} bytes more make {_uncommittedSize} uncommitted");
        return true;
    }

    private void BroadcastAppend()
    {
        if (_config.CoalesceAppends)
        {
            _isBroadcastDue = true;
            return;
        }

        for (var i = 0; i < _tracker.Count; i++)
        {
            var peer = _tracker.At(i);
            if (peer.Id != Id)
            {
                TrySendAppend(peer, mayBeEmpty: true);
            }
        }
    }

    private void SendWhatIsDue()
    {
        if (_isOwnAckDue)
        {
            _isOwnAckDue = false;
            Post(MessageType.MsgAppResp, Id, 0, _log.LastIndex);
        }

        if (!_isBroadcastDue)
        {
            return;
        }

        _isBroadcastDue = false;
        for (var i = 0; i < _tracker.Count; i++)
        {
            var peer = _tracker.At(i);
            if (peer.Id != Id)
            {
                // The first message carries the news of what is committed, with entries or without.
                var isFirst = peer.IsUnawareOf(_log.Committed);
                while (TrySendAppend(peer, mayBeEmpty: isFirst))
                {
                    isFirst = false;
                }
            }
        }
    }

    /// <summary>Sends what the peer lacks, as far as its state, the window and the size limit allow; a snapshot where the log is gone.</summary>
    private bool TrySendAppend(PeerProgress peer, bool mayBeEmpty)
    {
        Invariant.Holds(Role is RaftRole.Leader && peer.Id != Id, $"entries are for others than the leader: {peer} and {this}");
        if (peer.IsPaused)
        {
            return false;
        }

        // Nothing to send: found out before a message is taken, as this is the usual end of every acknowledgement.
        var isThrottled = peer.State is ProgressState.Replicate && peer.Inflights.IsFull;
        if (!mayBeEmpty && (isThrottled || peer.Next > _log.LastIndex) && _log.TryGetTerm(peer.Next - 1, out _))
        {
            return false;
        }

        var previous = peer.Next - 1;
        if (!_log.TryGetTerm(previous, out var previousTerm))
        {
            return TrySendSnapshot(peer);
        }

        // With a full window an empty message still goes out: if all messages of the window were lost its answer, or rejection, frees the window.
        var message = NewMessage(MessageType.MsgApp, peer.Id);
        var entries = message.OwnEntries();
        if (!isThrottled && !_log.TryRead(peer.Next, _config.MaxSizePerMessage, entries))
        {
            _pool.Return(message);
            return TrySendSnapshot(peer);
        }

        Invariant.Holds(
            entries.Count == 0 || (entries[0].Index == previous + 1 && entries[^1].Index == previous + entries.Count),
            $"the log gave {entries.Count} entries from {(entries.Count == 0 ? default : entries[0].Id)} behind {previous}");
        (message.LogTerm, message.Index, message.Commit) = (previousTerm, previous, _log.Committed);
        Send(message);
        peer.SentEntries(entries.Count, EntrySize.PayloadOf(CollectionsMarshal.AsSpan(entries)));
        peer.SentCommit(_log.Committed);
        return true;
    }

    private bool TrySendSnapshot(PeerProgress peer)
    {
        // To somebody who may be dead a snapshot is wasted work; the next answer to a heartbeat tries again.
        if (!peer.IsRecentlyActive || !_log.TryGetSnapshot(out var snapshot))
        {
            return false;
        }

        Invariant.Holds(snapshot.Id.Index > 0, $"the snapshot for peer={peer} is empty");
        if (snapshot.Id.Index <= peer.Match)
        {
            // Older than what the peer has: the store is between a snapshot and the next one, and has cut its log already. Asked again later.
            return false;
        }

        peer.BecomeSnapshot(snapshot.Id.Index);
        var message = NewMessage(MessageType.MsgSnap, peer.Id);
        message.Snapshot = snapshot;
        Send(message);
        Trace(TraceKind.SnapshotSent, peer.Id, snapshot.Id);
        return true;
    }

    private StepResult OnAppendAnswer(Message message)
    {
        if (_tracker.Find(message.From) is not { } peer)
        {
            return Ignore(RefusalReason.UnknownPeer);
        }

        // A rejection is a sign of life as good as any.
        Invariant.Holds(message.Term == Term, $"an answer of another term would be counted in {Term}: {message}");
        peer.IsRecentlyActive = true;
        if (message.Reject)
        {
            OnAppendRejected(peer, message);
            return Accept();
        }

        Invariant.Holds(message.Index <= _log.LastIndex, $"{message} acknowledges more than this leader's log has: {_log}");
        var wasProbeHit = peer.Match == message.Index && peer.State is ProgressState.Probe;
        if (peer.TryUpdate(message.Index) || wasProbeHit)
        {
            OnMatchAdvanced(peer, message.Index);
        }

        return Accept();
    }

    private void OnAppendRejected(PeerProgress peer, Message message)
    {
        // The follower has named the last position that may agree by its terms; skip what cannot agree by this log's terms. So at most one
        // probe per term of either log is needed.
        var hint = Math.Min(message.RejectHint, _log.LastIndex);
        hint = message.LogTerm > 0 ? _log.FindConflictByTerm(hint, message.LogTerm).Index : hint;
        if (peer.TryDecreaseTo(message.Index, hint))
        {
            if (peer.State is ProgressState.Replicate)
            {
                peer.BecomeProbe();
                TracePeer(peer);
            }

            TrySendAppend(peer, mayBeEmpty: true);
        }
    }

    private void OnMatchAdvanced(PeerProgress peer, long index)
    {
        switch (peer.State)
        {
            case ProgressState.Probe:
                peer.BecomeReplicate();
                TracePeer(peer);
                break;
            case ProgressState.Snapshot when peer.Match + 1 >= _log.FirstIndex:
                // Whatever snapshot it was sent: the log reaches it again. By way of Probe, which looks behind the snapshot.
                peer.BecomeProbe();
                peer.BecomeReplicate();
                TracePeer(peer);
                break;
            case ProgressState.Snapshot:
                break;
            case ProgressState.Replicate:
                peer.Inflights.FreeTo(index);
                break;
        }

        if (TryCommit())
        {
            BroadcastAppend();
        }
        else if (peer.Id != Id && !_isBroadcastDue && peer.CanBumpCommit(_log.Committed))
        {
            TrySendAppend(peer, mayBeEmpty: true);
        }

        if (peer.Id == Id)
        {
            return;
        }

        // The window may have room for several messages now.
        while (!_isBroadcastDue && TrySendAppend(peer, mayBeEmpty: false))
        {
        }

        if (peer.Id == _transferee && peer.Match == _log.LastIndex)
        {
            SendTimeoutNow(peer.Id);
        }
    }

    private bool TryCommit()
    {
        // The id names this term: entries of earlier terms are committed with one of it, never by their own count (Raft §5.4.2, figure 8).
        if (!_log.TryCommit(new EntryId(Term, _tracker.Committed())))
        {
            return false;
        }

        ReleaseReadsAwaitingCommit();
        return true;
    }

    // Probe and Snapshot wait for an answer anyway.
    private void OnUnreachable(ReplicaId id)
    {
        if (Role is RaftRole.Leader && _tracker.Find(id) is { State: ProgressState.Replicate } peer)
        {
            peer.BecomeProbe();
            TracePeer(peer);
        }
    }

    private void OnSnapshotReported(ReplicaId id, bool succeeded)
    {
        if (Role is not RaftRole.Leader || _tracker.Find(id) is not { State: ProgressState.Snapshot } peer)
        {
            return;
        }

        if (succeeded)
        {
            peer.BecomeProbe();
        }
        else
        {
            peer.AbortSnapshot();
        }

        // Wait for the peer's own word, or for the next answer to a heartbeat.
        peer.IsFlowPaused = true;
        TracePeer(peer);
    }
}
