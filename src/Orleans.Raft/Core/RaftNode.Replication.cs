using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Orleans.Raft.Core;

/// <content>The leader's side of the log: sending, acknowledgements, commit (Raft §5.3, §5.4.2, §7).</content>
public sealed partial class RaftNode
{
    /// <summary>
    /// New entries, or news of what is committed, for everybody. At once as a rule, since a round trip is what a write waits for; with gathered appends once
    /// per Ready, which costs no time where a burst of proposals is worked off before the Ready is taken anyway.
    /// </summary>
    private void BroadcastAppend()
    {
        if (_config.CoalesceAppends)
        {
            _isBroadcastDue = true;
            return;
        }

        // By position, not by enumerator, and to everybody in the same order each time: nothing is allocated, and a replay sends the same.
        for (var i = 0; i < _tracker.Count; i++)
        {
            var peer = _tracker.At(i);
            if (peer.Id != Id)
            {
                TrySendAppend(peer, mayBeEmpty: true);
            }
        }
    }

    // Gathered appends: what the verbs since the last Ready have made due. It decides nothing that they have not decided; it only counts the messages.
    private void SendWhatIsDue()
    {
        Invariant.Holds(Role is RaftRole.Leader || (!_isBroadcastDue && !_isOwnAckDue), $"appends of an earlier leadership are due: {this}");
        if (_isOwnAckDue)
        {
            // One for all entries of the burst: an acknowledgement of the last one speaks for all before it.
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
    /// <returns>False when nothing was sent, so that callers that fill the window stop.</returns>
    private bool TrySendAppend(PeerProgress peer, bool mayBeEmpty)
    {
        Invariant.Holds(Role is RaftRole.Leader && peer.Id != Id, $"entries are for others than the leader: {peer} and {this}");
        if (peer.IsPaused)
        {
            // A probe is out, a snapshot is on its way, or the window is full. Its answer, or the answer to the next heartbeat, goes on from here.
            return false;
        }

        // Nothing to send: found out before a message is taken, as this is the usual end of every acknowledgement.
        var isThrottled = peer.State is ProgressState.Replicate && peer.Inflights.IsFull;
        if (!mayBeEmpty && (isThrottled || peer.Next > _log.LastIndex) && _log.TryGetTerm(peer.Next - 1, out _))
        {
            return false;
        }

        // The entry before: by it the follower tells whether its log fits (Raft §5.3). Where it is compacted away there is nothing to compare with, and only
        // the state itself helps (Raft §7).
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
        Invariant.Holds(entries.Count == 0 || entries[^1].Term <= Term, $"an entry of a later term than the leader's: {entries[^1].Id} and {this}");
        Invariant.Holds(entries.Count == 0 || entries[0].Term >= previousTerm, $"terms fall from {previousTerm}/{previous} to {entries[0].Id}");

        // The whole commit index: the follower takes of it what its own log, as far as it was compared, reaches.
        (message.LogTerm, message.Index, message.Commit) = (previousTerm, previous, _log.Committed);
        Send(message);
        peer.SentEntries(entries.Count, EntrySize.PayloadOf(CollectionsMarshal.AsSpan(entries)));
        peer.SentCommit(_log.Committed);
        return true;
    }

    // Raft §7. By reference in effect: hosting sends the state beside the message, and reports how that ended.
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

        // Beyond the log it would be the state of another history: the store and the log are not of one replica.
        Invariant.Holds(snapshot.Id.Index <= _log.LastIndex, $"snapshot {snapshot.Id} holds more than the log: {_log}");
        peer.BecomeSnapshot(snapshot.Id.Index);
        var message = NewMessage(MessageType.MsgSnap, peer.Id);
        message.Snapshot = snapshot;
        Send(message);
        Trace(TraceKind.SnapshotSent, peer.Id, snapshot.Id);
        return true;
    }

    /// <summary>
    /// A follower's, or the own disk's, word about the log. Everything of earlier terms was filtered before, so what is acknowledged is acknowledged to this
    /// leadership: it may be counted (Raft §5.3, §5.4.2).
    /// </summary>
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

        // A follower that has more than its leader in the leader's own term has made it up, or the leader has lost it.
        Invariant.Holds(message.Index <= _log.LastIndex, $"{message} acknowledges more than this leader's log has: {_log}");
        // A probe may confirm what was known already, and still shows that the logs agree there: then entries flow. Any other repeat is old news.
        var wasProbeHit = peer.Match == message.Index && peer.State is ProgressState.Probe;
        if (peer.TryUpdate(message.Index) || wasProbeHit)
        {
            OnMatchAdvanced(peer, message.Index);
        }

        return Accept();
    }

    private void OnAppendRejected(PeerProgress peer, Message message)
    {
        // The follower has named the last position that may agree by its terms; skip what cannot agree by this log's terms. So at most one probe per term of
        // either log is needed (the paper sketches it at the end of §5.3, with the hint on one side; etcd has it on both). Term 0 says that the follower does
        // not know the hint's term any more, as after a compaction: then its index alone is tried.
        Invariant.Holds(peer.Id != Id, $"a leader's own disk refuses its entries: {message}");
        var hint = Math.Min(message.RejectHint, _log.LastIndex);
        hint = message.LogTerm > 0 ? _log.FindConflictByTerm(hint, message.LogTerm).Index : hint;
        if (peer.TryDecreaseTo(message.Index, hint))
        {
            if (peer.State is ProgressState.Replicate)
            {
                // Something on the way was lost or overtaken. What else is in flight will be refused too: one message at a time until the logs meet again.
                peer.BecomeProbe();
                TracePeer(peer);
            }

            TrySendAppend(peer, mayBeEmpty: true);
        }
    }

    /// <summary>
    /// A log has come closer. In this order: its own state, as what it may be sent depends on it; then what is committed by it, as that is news for everybody;
    /// then more entries for it; and at last the hand-over that waited for it.
    /// </summary>
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
                // What it has acknowledged is from before the snapshot, and the log does not reach it.
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
            // It lacks what was committed while its log was behind, and need not wait for a heartbeat to learn of it.
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
        var before = _log.Committed;
        if (!_log.TryCommit(new EntryId(Term, _tracker.Committed())))
        {
            return false;
        }

        Invariant.Holds(_log.Committed > before, $"committed fell from {before}: {_log}");
        Invariant.Holds(HasCommittedInTerm, $"committed by counting what was there before its term: first={_ownFirstIndex} {_log}");

        // Only now it knows what all earlier leaders had committed (Raft §8), so reads that have waited for that can start.

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

    // The host's word about a transfer; the peer's own word, an acknowledgement, may come before it, after it or never. Without either the peer would stay
    // in state Snapshot, where nothing is sent to it.
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
