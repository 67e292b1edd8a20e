using System;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>What a configuration change does with one replica; numbers are those of etcd's raftpb.</summary>
[Experimental("ORLEANSRAFT001")]
public enum ConfChangeType
{
    /// <summary>Add a voter, or promote a learner.</summary>
    AddNode = 0,

    /// <summary>Remove a replica.</summary>
    RemoveNode = 1,

    /// <summary>Something about the replica changed that Raft does not look at.</summary>
    UpdateNode = 2,

    /// <summary>Add a learner, or demote a voter.</summary>
    AddLearnerNode = 3,
}

/// <summary>How a change of several replicas passes through the joint configuration.</summary>
[Experimental("ORLEANSRAFT001")]
public enum ConfChangeTransition
{
    /// <summary>Single step where possible, else joint and left by itself.</summary>
    Auto = 0,

    /// <summary>Joint, left by itself.</summary>
    JointImplicit = 1,

    /// <summary>Joint, left by an empty change.</summary>
    JointExplicit = 2,
}

/// <summary>One operation of a configuration change.</summary>
/// <param name="Type">What to do.</param>
/// <param name="Replica">With whom; operations on <see cref="ReplicaId.None"/> are skipped.</param>
[Experimental("ORLEANSRAFT001")]
public readonly record struct ConfChangeSingle(ConfChangeType Type, ReplicaId Replica);

/// <summary>The single-step form of a configuration change (etcd's first version), kept for the log's sake.</summary>
/// <param name="Type">What to do.</param>
/// <param name="Replica">With whom.</param>
/// <param name="Context">Opaque to Raft.</param>
[Experimental("ORLEANSRAFT001")]
public sealed record ConfChange(ConfChangeType Type, ReplicaId Replica, ReadOnlyMemory<byte> Context)
{
    /// <summary>The same change in the general form.</summary>
    public ConfChangeV2 AsV2() => new() { Changes = [new ConfChangeSingle(Type, Replica)], Context = Context };
}

/// <summary>A configuration change. Without operations it leaves a joint configuration.</summary>
[Experimental("ORLEANSRAFT001")]
public sealed record ConfChangeV2
{
    /// <summary>How to pass through the joint configuration.</summary>
    public ConfChangeTransition Transition { get; init; }

    /// <summary>The operations.</summary>
    public ImmutableArray<ConfChangeSingle> Changes
    {
        get;
        init => field = value.IsDefault ? [] : value;
    } = [];

    /// <summary>Opaque to Raft; hosting puts the binding of a new replica here.</summary>
    public ReadOnlyMemory<byte> Context { get; init; }

    /// <summary>True for the change that leaves a joint configuration.</summary>
    public bool LeavesJoint => Transition is ConfChangeTransition.Auto && Changes.IsDefaultOrEmpty;

    /// <summary>True when the change passes through a joint configuration.</summary>
    public bool EntersJoint => Transition is not ConfChangeTransition.Auto || Changes.Length > 1;
}
