using Orleans.Raft.Core;

namespace Orleans.Raft;

/// <summary>What an operation of a <see cref="WriteBatch"/> does.</summary>
public enum LogOperationKind
{
    /// <summary>Append entries.</summary>
    Append = 1,

    /// <summary>Store the hard state.</summary>
    HardState = 2,

    /// <summary>Store the configuration.</summary>
    ConfState = 3,

    /// <summary>Drop all entries and continue after a position.</summary>
    Reset = 4,

    /// <summary>Drop entries up to a position.</summary>
    Compact = 5,

    /// <summary>Remove the group.</summary>
    RemoveGroup = 6,

    /// <summary>Store the group's opaque metadata.</summary>
    Metadata = 7,
}

/// <summary>One operation of a <see cref="WriteBatch"/>; which fields count depends on the kind.</summary>
/// <param name="Kind">What to do.</param>
/// <param name="Log">With whose log.</param>
/// <param name="Entries">What to append.</param>
/// <param name="HardState">What to store.</param>
/// <param name="ConfState">What to store, or the snapshot's configuration.</param>
/// <param name="Position">Snapshot's or compaction's position.</param>
/// <param name="Data">Metadata to store.</param>
/// <param name="Generation">Generation of the snapshot's rows, 0 to keep the present one.</param>
/// <param name="Replica">Removed replica.</param>
public readonly record struct LogOperation(
    LogOperationKind Kind,
    GroupLog Log,
    IReadOnlyList<Entry>? Entries = null,
    HardState HardState = default,
    ConfState? ConfState = null,
    EntryId Position = default,
    ReadOnlyMemory<byte> Data = default,
    long Generation = 0,
    ReplicaId Replica = default);
