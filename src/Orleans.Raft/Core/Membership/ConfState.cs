using System.Collections.Generic;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>A configuration as it is stored: who votes, who learns, and the outgoing half while a change is joint (Raft §6).</summary>
[Experimental("ORLEANSRAFT001")]
public sealed record ConfState
{
    /// <summary>The configuration of a replica that knows none.</summary>
    public static readonly ConfState Empty = new();

    /// <summary>Voters (of the incoming half while joint), ascending.</summary>
    public ImmutableArray<ReplicaId> Voters
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>Voters of the outgoing half; empty when the configuration is not joint.</summary>
    public ImmutableArray<ReplicaId> VotersOutgoing
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>Replicas that get the log and don't vote.</summary>
    public ImmutableArray<ReplicaId> Learners
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>Voters of the outgoing half that become learners when the joint configuration is left.</summary>
    public ImmutableArray<ReplicaId> LearnersNext
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>The leader leaves the joint configuration by itself.</summary>
    public bool AutoLeave { get; init; }

    /// <summary>True while two majorities are needed.</summary>
    public bool IsJoint => !VotersOutgoing.IsEmpty;

    /// <summary>A configuration of voters only.</summary>
    public static ConfState Of(IEnumerable<ReplicaId> voters) => new() { Voters = [.. ImmutableSortedSet.CreateRange(voters)] };

    /// <inheritdoc/>
    public bool Equals(ConfState? other) =>
        other is not null && AutoLeave == other.AutoLeave && Same(Voters, other.Voters) && Same(VotersOutgoing, other.VotersOutgoing)
        && Same(Learners, other.Learners) && Same(LearnersNext, other.LearnersNext);

    /// <inheritdoc/>
    public override int GetHashCode() => System.HashCode.Combine(Voters.Length, VotersOutgoing.Length, Learners.Length, LearnersNext.Length, AutoLeave);

    /// <inheritdoc/>
    public override string ToString() =>
        $"Voters:[{List(Voters)}] VotersOutgoing:[{List(VotersOutgoing)}] Learners:[{List(Learners)}] "
        + $"LearnersNext:[{List(LearnersNext)}] AutoLeave:{(AutoLeave ? "true" : "false")}";

    private static string List(ImmutableArray<ReplicaId> ids) => string.Join(' ', ids);

    private static bool Same(ImmutableArray<ReplicaId> left, ImmutableArray<ReplicaId> right) =>
        System.MemoryExtensions.SequenceEqual(left.AsSpan(), right.AsSpan());
}
