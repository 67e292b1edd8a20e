using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>What became of a proposal.</summary>
[Experimental("ORLEANSRAFT001")]
public enum ProposeStatus
{
    /// <summary>Appended to the leader's log at <see cref="ProposeResult.Id"/>; not yet committed.</summary>
    Accepted = 0,

    /// <summary>Sent to the leader; nothing will be heard of it but its application, if it comes to that.</summary>
    Forwarded,

    /// <summary>A configuration change that cannot be made now: an empty entry was appended in its place (see RaftConfig.RefuseConfChanges).</summary>
    Replaced,

    /// <summary>Nothing was appended or sent.</summary>
    Refused,
}

/// <summary>Outcome of a proposal.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="Id">Position of the entry, when it was appended here.</param>
/// <param name="Reason">Why it was refused or replaced.</param>
/// <param name="Leader">Leader this replica knows, or none.</param>
[Experimental("ORLEANSRAFT001")]
public readonly record struct ProposeResult(ProposeStatus Status, EntryId Id, RefusalReason Reason, ReplicaId Leader)
{
    /// <summary>True when the proposal itself stands in this leader's log.</summary>
    public bool IsAccepted => Status is ProposeStatus.Accepted;

    /// <inheritdoc/>
    public override string ToString() => Status is ProposeStatus.Accepted or ProposeStatus.Forwarded
        ? $"{Status} {Id}, leader {Leader}"
        : $"{Status}: {Reason}, leader {Leader}";

    internal static ProposeResult Refused(RefusalReason reason, ReplicaId leader) => new(ProposeStatus.Refused, default, reason, leader);
}
