using System.Collections.Generic;

namespace Orleans.Raft.Core;

/// <summary>
/// A protocol message. One type for all kinds, as in the protocol's schema; the factory methods say which fields a kind carries.
/// Messages are not changed once they are handed out.
/// </summary>
public sealed partial class Message
{
    /// <summary>Kind of the message.</summary>
    public MessageType Type { get; init; }

    /// <summary>Sender.</summary>
    public ReplicaId From { get; init; }

    /// <summary>Addressee.</summary>
    public ReplicaId To { get; init; }

    /// <summary>Sender's term; 0 in local messages, proposals and read requests.</summary>
    public long Term { get; init; }

    /// <summary>Term of the entry at <see cref="Index"/>; in rejections the hint's term.</summary>
    public long LogTerm { get; init; }

    /// <summary>Index the message speaks of: the entry before <see cref="Entries"/>, or what is acknowledged.</summary>
    public long Index { get; init; }

    /// <summary>Sender's commit index.</summary>
    public long Commit { get; init; }

    /// <summary>Vote, in messages to the append thread.</summary>
    public ReplicaId Vote { get; init; }

    /// <summary>True for a refusal.</summary>
    public bool Reject { get; init; }

    /// <summary>In a rejected append: where the follower's log may agree.</summary>
    public long RejectHint { get; init; }

    /// <summary>Read request's context, or the position of pending reads in heartbeats.</summary>
    public long Context { get; init; }

    /// <summary>True in votes of a leadership transfer, which stickiness does not stop.</summary>
    public bool IsCampaignTransfer { get; init; }

    /// <summary>Entries to append, or to apply.</summary>
    public IReadOnlyList<Entry> Entries { get; init; } = [];

    /// <summary>Snapshot to install.</summary>
    public Snapshot? Snapshot { get; init; }

    /// <summary>Messages to deliver when the local thread has done the work.</summary>
    public IReadOnlyList<Message> Responses { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() =>
        $"{From}->{To} {Type} Term:{Term} Log:{LogTerm}/{Index} Commit:{Commit} Entries:{Entries.Count}{(Reject ? " Rejected" : "")}";
}
