using Orleans.Raft.Core;

namespace Orleans.Raft;

/// <summary>
/// What one or many groups make durable together: all of it or none. Filled by replicas, written by <see cref="ILogStore.WriteAsync"/>,
/// then cleared and used again. Operations take effect in the order of the calls.
/// </summary>
public sealed class WriteBatch
{
    private readonly List<LogOperation> _operations = [];

    /// <summary>The operations, in order.</summary>
    public IReadOnlyList<LogOperation> Operations => _operations;

    /// <summary>True when there is nothing to write.</summary>
    public bool IsEmpty => _operations.Count == 0;

    /// <summary>Appends entries; those already stored at or above the first one's index are dropped first (Raft §5.3).</summary>
    /// <param name="log">The group's log as opened; its owner number fences.</param>
    /// <param name="entries">Contiguous; the first index is at most one beyond the stored last index.</param>
    public void Append(GroupLog log, IReadOnlyList<Entry> entries) =>
        _operations.Add(new LogOperation(LogOperationKind.Append, log, Entries: entries));

    /// <summary>Stores term, vote and commit.</summary>
    public void SetHardState(GroupLog log, HardState hardState) =>
        _operations.Add(new LogOperation(LogOperationKind.HardState, log, HardState: hardState));

    /// <summary>Stores the configuration with which the group starts next time.</summary>
    public void SetConfState(GroupLog log, ConfState confState) =>
        _operations.Add(new LogOperation(LogOperationKind.ConfState, log, ConfState: confState));

    /// <summary>Drops the whole log; it continues after a snapshot's position.</summary>
    public void ResetTo(GroupLog log, EntryId snapshot, ConfState confState) =>
        _operations.Add(new LogOperation(LogOperationKind.Reset, log, Position: snapshot, ConfState: confState));

    /// <summary>Drops entries up to and including a position.</summary>
    public void CompactTo(GroupLog log, EntryId position) =>
        _operations.Add(new LogOperation(LogOperationKind.Compact, log, Position: position));

    /// <summary>Removes the group's log for good.</summary>
    public void RemoveGroup(GroupLog log) => _operations.Add(new LogOperation(LogOperationKind.RemoveGroup, log));

    /// <summary>Empties the batch for its next use.</summary>
    public void Clear() => _operations.Clear();
}

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
}

/// <summary>One operation of a <see cref="WriteBatch"/>.</summary>
public readonly record struct LogOperation(
    LogOperationKind Kind,
    GroupLog Log,
    IReadOnlyList<Entry>? Entries = null,
    HardState HardState = default,
    ConfState? ConfState = null,
    EntryId Position = default);
