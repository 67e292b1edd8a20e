using System;
using System.Collections.Generic;

namespace Orleans.Raft.Core;

/// <content>Proposals: where they go, when they are refused, and how a leader appends them (Raft §5.3, §8).</content>
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

    // Raft §8: clients may ask anybody. A candidate has nobody to pass a proposal on to; it says so at once, so that the caller looks for the next leader
    // instead of waiting. Etcd returns ErrProposalDropped for all reasons alike; here the reason is told.
    private ProposeResult ProposeEntries(IReadOnlyList<Entry> entries, ReplicaId from) => Role switch
    {
        RaftRole.Leader => AppendProposals(entries),
        RaftRole.Follower => ForwardProposals(entries, from),
        RaftRole.Candidate or RaftRole.PreCandidate => ProposeResult.Refused(RefusalReason.ElectionInProgress, Leader),
    };

    /// <summary>
    /// Passes proposals on to the leader. Nothing comes back: the message may be lost, or the leader may refuse it. Whoever needs to know turns forwarding off
    /// and asks the leader itself, as hosting does, which must tell what has failed from what may have been done.
    /// </summary>
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
        // The first sender stays on it, and there is no term: a proposal is meant for whoever leads when it arrives, in whatever term.
        var message = NewMessage(MessageType.MsgProp, Leader);
        message.From = from;
        message.OwnEntries().AddRange(entries);
        Send(message);
        return new ProposeResult(ProposeStatus.Forwarded, default, RefusalReason.None, Leader);
    }

    /// <summary>
    /// The leader's append: all entries or none, at consecutive indexes of its own term, sent and written at the same time (thesis §10.2.1). That they are
    /// appended says nothing yet: they count once a quorum has them on its disks.
    /// </summary>
    private ProposeResult AppendProposals(IReadOnlyList<Entry> entries)
    {
        if (_tracker.Find(Id) is null)
        {
            // It leads a group that it has left, until another leader is found; what it took now might be lost with it.
            return ProposeResult.Refused(RefusalReason.NotMember, Leader);
        }

        if (!_transferee.IsNone)
        {
            // The target has, or is about to have, everything (thesis §3.10). One entry more, and it would lose to whoever has that entry.
            return ProposeResult.Refused(RefusalReason.TransferInProgress, Leader);
        }

        // Judged before anything is appended: a proposal that is refused must leave no trace, or its caller could not safely try again.
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
                // As etcd does: an empty entry keeps the indexes that the caller may have counted on. In a copy, for the list is the caller's.
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
        Invariant.Holds(_pendingConfIndex <= _log.LastIndex, $"a change at {_pendingConfIndex} is waited for, which is not in the log: {_log}");
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

    // Whatever a leader writes by itself. Not by way of a proposal: nothing that refuses proposals may refuse the entry that starts its term.
    private void AppendOwn(Entry entry)
    {
        Invariant.Holds(Role is RaftRole.Leader, $"only a leader writes entries of its own: {this}");
        Invariant.Holds(entry.Data.IsEmpty, $"what has a payload must be reserved first: {entry}");
        _log.Append(new Entry(Term, _log.LastIndex + 1, entry.Type, entry.Data));
        AcknowledgeOwn();
    }

    /// <summary>
    /// The leader acknowledges its own entries when they are durable, like everybody: a message to itself that waits for the disk, not an assignment. Counted
    /// at once they could be committed by a quorum of which one has lost them in a power cut (thesis §10.2.1: it need not wait, if enough others have them).
    /// </summary>
    private void AcknowledgeOwn()
    {
        _isOwnAckDue = _config.CoalesceAppends;
        if (!_isOwnAckDue)
        {
            Post(MessageType.MsgAppResp, Id, 0, _log.LastIndex);
        }
    }

    // Bounds what a leader that reaches no quorum piles up in memory (etcd: MaxUncommittedEntriesSize). Bytes of payload, because that is what
    // grows; released as entries are applied, since only then nobody needs them in memory any more.
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
}
