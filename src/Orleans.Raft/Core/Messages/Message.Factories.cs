using System;
using System.Collections.Generic;

namespace Orleans.Raft.Core;

/// <summary>One factory per kind of message that travels: it says which fields the kind carries.</summary>
public sealed partial class Message
{
    /// <summary>A message as it arrived, field by field; for codecs.</summary>
    public static Message Of(
        MessageType type,
        ReplicaId from,
        ReplicaId to,
        long term,
        EntryId log = default,
        long commit = 0,
        bool reject = false,
        long rejectHint = 0,
        long context = 0,
        TimeSpan promise = default,
        bool isCampaignTransfer = false,
        ReplicaId vote = default,
        IReadOnlyList<Entry>? entries = null,
        Snapshot? snapshot = null,
        IReadOnlyList<Message>? responses = null) => new()
        {
            Type = type,
            From = from,
            To = to,
            Term = term,
            LogTerm = log.Term,
            Index = log.Index,
            Commit = commit,
            Reject = reject,
            RejectHint = rejectHint,
            Context = context,
            Promise = promise,
            IsCampaignTransfer = isCampaignTransfer,
            Vote = vote,
            Entries = entries ?? NoEntries,
            Snapshot = snapshot,
            Responses = responses ?? NoResponses,
        };

    /// <summary>Entries behind <paramref name="previous"/>, or none to probe or to tell the commit index.</summary>
    public static Message Append(ReplicaId from, ReplicaId to, long term, EntryId previous, long commit, IReadOnlyList<Entry> entries) =>
        Of(MessageType.MsgApp, from, to, term, previous, commit, entries: entries);

    /// <summary>The follower's log agrees with the leader's up to <paramref name="index"/>, durably.</summary>
    public static Message AppendAccepted(ReplicaId from, ReplicaId to, long term, long index) =>
        Of(MessageType.MsgAppResp, from, to, term, new EntryId(0, index));

    /// <summary>The follower has no entry that fits at <paramref name="index"/>; its log may agree at <paramref name="hint"/>.</summary>
    public static Message AppendRejected(ReplicaId from, ReplicaId to, long term, long index, EntryId hint) =>
        Of(MessageType.MsgAppResp, from, to, term, new EntryId(hint.Term, index), reject: true, rejectHint: hint.Index);

    /// <summary>Asks for a vote; <paramref name="last"/> is the candidate's last entry.</summary>
    public static Message RequestVote(ReplicaId from, ReplicaId to, long term, EntryId last, bool isCampaignTransfer = false) =>
        Of(MessageType.MsgVote, from, to, term, last, isCampaignTransfer: isCampaignTransfer);

    /// <summary>Asks whether a vote would be granted in <paramref name="term"/>, the one after the sender's.</summary>
    public static Message RequestPreVote(ReplicaId from, ReplicaId to, long term, EntryId last) =>
        Of(MessageType.MsgPreVote, from, to, term, last);

    /// <summary>The answer to a request for a vote.</summary>
    public static Message VoteAnswer(ReplicaId from, ReplicaId to, long term, bool granted) =>
        Of(MessageType.MsgVoteResp, from, to, term, reject: !granted);

    /// <summary>A heartbeat; <paramref name="commit"/> is not beyond what the follower is known to have.</summary>
    public static Message Heartbeat(ReplicaId from, ReplicaId to, long term, long commit, long round) =>
        Of(MessageType.MsgHeartbeat, from, to, term, commit: commit, context: round);

    /// <summary>The answer to a heartbeat of the same round.</summary>
    public static Message HeartbeatAnswer(ReplicaId from, ReplicaId to, long term, long round, TimeSpan promise = default) =>
        Of(MessageType.MsgHeartbeatResp, from, to, term, context: round, promise: promise);

    /// <summary>A snapshot to install.</summary>
    public static Message InstallSnapshot(ReplicaId from, ReplicaId to, long term, Snapshot snapshot) =>
        Of(MessageType.MsgSnap, from, to, term, snapshot: snapshot);

    /// <summary>The addressee shall campaign at once.</summary>
    public static Message TimeoutNow(ReplicaId from, ReplicaId to, long term) => Of(MessageType.MsgTimeoutNow, from, to, term);
}
