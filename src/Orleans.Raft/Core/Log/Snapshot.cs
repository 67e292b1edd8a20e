using System;
using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>State of the state machine at one position of the log (Raft §7). Large ones travel beside the message; see <see cref="Data"/>.</summary>
[Experimental("ORLEANSRAFT001")]
public sealed class Snapshot
{
    /// <summary>Creates a snapshot.</summary>
    public Snapshot(EntryId id, ConfState confState, ReadOnlyMemory<byte> data)
    {
        Id = id;
        ConfState = confState;
        Data = data;
    }

    /// <summary>Last entry that the snapshot covers.</summary>
    public EntryId Id { get; }

    /// <summary>Configuration as of <see cref="Id"/>.</summary>
    public ConfState ConfState { get; }

    /// <summary>The state, or a reference with which the host finds it.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <inheritdoc/>
    public override string ToString() => $"Index:{Id.Index} Term:{Id.Term} ConfState:{ConfState}";
}
