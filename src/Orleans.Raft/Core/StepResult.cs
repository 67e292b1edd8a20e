using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>What became of a message or a verb.</summary>
[Experimental("ORLEANSRAFT001")]
public enum StepStatus
{
    /// <summary>Processed.</summary>
    Accepted = 0,

    /// <summary>Had no effect, and that is part of the protocol.</summary>
    Ignored,

    /// <summary>Could not be done; the sender should know.</summary>
    Refused,
}

/// <summary>Outcome of <see cref="RaftNode.Step"/> and of verbs without a value.</summary>
/// <param name="Status">Accepted, ignored or refused.</param>
/// <param name="Reason">Why, unless accepted.</param>
/// <param name="Leader">Leader this replica knows, or none.</param>
[Experimental("ORLEANSRAFT001")]
public readonly record struct StepResult(StepStatus Status, RefusalReason Reason, ReplicaId Leader)
{
    /// <summary>True when processed.</summary>
    public bool IsAccepted => Status is StepStatus.Accepted;

    /// <inheritdoc/>
    public override string ToString() => IsAccepted ? "accepted" : $"{Status}: {Reason}, leader {Leader}";

    internal static StepResult Accepted(ReplicaId leader) => new(StepStatus.Accepted, RefusalReason.None, leader);

    internal static StepResult Ignored(RefusalReason reason, ReplicaId leader) => new(StepStatus.Ignored, reason, leader);

    internal static StepResult Refused(RefusalReason reason, ReplicaId leader) => new(StepStatus.Refused, reason, leader);
}
