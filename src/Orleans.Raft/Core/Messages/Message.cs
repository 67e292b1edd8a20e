using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Orleans.Raft.Core;

/// <summary>
/// A protocol message. One type for all kinds, as in the protocol's schema; the factory methods say which fields a kind carries.
/// Messages are not changed once they are handed out, until the host gives them back with <see cref="RaftNode.Recycle"/>.
/// </summary>
[Experimental("ORLEANSRAFT001")]
public sealed partial class Message
{
    private const int MaxKeptEntries = 1_024;

    private static readonly Entry[] NoEntries = [];
    private static readonly Message[] NoResponses = [];

    // Lists that belong to this message and are filled anew in its next life.
    private List<Entry>? _ownEntries;
    private List<Message>? _ownResponses;

    /// <summary>Kind of the message.</summary>
    public MessageType Type { get; internal set; }

    /// <summary>Sender.</summary>
    public ReplicaId From { get; internal set; }

    /// <summary>Addressee.</summary>
    public ReplicaId To { get; internal set; }

    /// <summary>Sender's term; 0 in local messages, proposals and read requests.</summary>
    public long Term { get; internal set; }

    /// <summary>Term of the entry at <see cref="Index"/>; in rejections the hint's term.</summary>
    public long LogTerm { get; internal set; }

    /// <summary>Index the message speaks of: the entry before <see cref="Entries"/>, or what is acknowledged.</summary>
    public long Index { get; internal set; }

    /// <summary>Sender's commit index. Also in requests for votes, with RaftConfig.ExplainRefusals.</summary>
    public long Commit { get; internal set; }

    /// <summary>Vote, in messages to the append thread.</summary>
    public ReplicaId Vote { get; internal set; }

    /// <summary>True for a refusal.</summary>
    public bool Reject { get; internal set; }

    /// <summary>In a rejected append: where the follower's log may agree. In requests for votes: the term of the entry at <see cref="Commit"/>, or 0.</summary>
    public long RejectHint { get; internal set; }

    /// <summary>A read request's context; in heartbeats and their answers the number of the round.</summary>
    public long Context { get; internal set; }

    /// <summary>In answers to heartbeats: how long their sender, by its own clock, will not vote (SAFETY-RULES A14).</summary>
    public TimeSpan Promise { get; internal set; }

    /// <summary>True in votes of a leadership transfer, which stickiness does not stop.</summary>
    public bool IsCampaignTransfer { get; internal set; }

    /// <summary>Entries to append, or to apply.</summary>
    public IReadOnlyList<Entry> Entries { get; internal set; } = NoEntries;

    /// <summary>Snapshot to install.</summary>
    public Snapshot? Snapshot { get; internal set; }

    /// <summary>Messages to deliver when the local thread has done the work.</summary>
    public IReadOnlyList<Message> Responses { get; internal set; } = NoResponses;

    /// <summary>Given back, and nobody's until it is rented again.</summary>
    internal bool IsInPool { get; set; }

    /// <summary>Makes <see cref="Entries"/> the message's own list, to be filled before the message is handed out.</summary>
    internal List<Entry> OwnEntries()
    {
        Invariant.Holds(!IsInPool, $"a message is filled that was given back: {this}");
        _ownEntries ??= [];
        Entries = _ownEntries;
        return _ownEntries;
    }

    /// <summary>Makes <see cref="Responses"/> the message's own list.</summary>
    internal List<Message> OwnResponses()
    {
        Invariant.Holds(!IsInPool, $"a message is filled that was given back: {this}");
        _ownResponses ??= [];
        Responses = _ownResponses;
        return _ownResponses;
    }

    /// <summary>Forgets everything but the lists' capacity, and that too where it is unusual.</summary>
    internal void Clear()
    {
        (Type, From, To, Vote) = (default, default, default, default);
        (Term, LogTerm, Index, Commit, RejectHint, Context) = (0, 0, 0, 0, 0, 0);
        (Reject, IsCampaignTransfer, Promise, Snapshot) = (false, false, default, null);
        _ownEntries = _ownEntries?.Capacity > MaxKeptEntries ? null : _ownEntries;
        _ownEntries?.Clear();
        _ownResponses?.Clear();
        Entries = NoEntries;
        Responses = NoResponses;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{From}->{To} {Type} Term:{Term} Log:{LogTerm}/{Index}");
        text.Append(Reject ? $" Rejected (Hint: {RejectHint})" : "").Append(Commit == 0 ? "" : $" Commit:{Commit}");
        text.Append(Vote.IsNone ? "" : $" Vote:{Vote}").Append(Context == 0 ? "" : $" Context:{Context:x}");
        if (Entries.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" Entries:{Entries[0].Id}..{Entries[^1].Id}");
        }

        text.Append(Snapshot is null ? "" : $" Snapshot:{Snapshot.Id}");
        return text.Append(Responses.Count == 0 ? "" : $" Responses:{Responses.Count}").ToString();
    }
}
