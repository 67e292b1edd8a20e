using System.Runtime.InteropServices;
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

    /// <summary>The operations without copying each.</summary>
    internal ReadOnlySpan<LogOperation> Span => CollectionsMarshal.AsSpan(_operations);

    /// <summary>Appends entries; those already stored at or above the first one's index are dropped first (Raft §5.3).</summary>
    /// <param name="log">The group's log as opened; its owner number fences.</param>
    /// <param name="entries">Contiguous; the first index is at most one beyond the stored last index. Not copied: neither the list nor the
    /// payloads may change before the write completes, and the payloads not even then (readers may hand them out again).</param>
    public void Append(GroupLog log, IReadOnlyList<Entry> entries)
    {
        if (entries.Count > 0)
        {
            _operations.Add(new LogOperation(LogOperationKind.Append, log, Entries: entries));
        }
    }

    /// <summary>Stores term, vote and commit.</summary>
    public void SetHardState(GroupLog log, HardState hardState) =>
        _operations.Add(new LogOperation(LogOperationKind.HardState, log, HardState: hardState));

    /// <summary>Stores the configuration with which the group starts next time.</summary>
    public void SetConfState(GroupLog log, ConfState confState) =>
        _operations.Add(new LogOperation(LogOperationKind.ConfState, log, ConfState: confState));

    /// <summary>Stores a small opaque value that the next opening returns: who the replica is, which snapshot is being installed.</summary>
    /// <param name="log">The group's log as opened.</param>
    /// <param name="metadata">At most 64 KiB; carried along for ever, so keep it small.</param>
    public void SetMetadata(GroupLog log, ReadOnlyMemory<byte> metadata)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(metadata.Length, ushort.MaxValue, nameof(metadata));
        _operations.Add(new LogOperation(LogOperationKind.Metadata, log, Data: metadata));
    }

    /// <summary>Drops the whole log; it continues after a snapshot's position. This is the one durable record that makes a received snapshot current.</summary>
    /// <param name="log">The group's log as opened.</param>
    /// <param name="snapshot">Last position that the snapshot covers.</param>
    /// <param name="confState">Configuration as of that position.</param>
    /// <param name="generation">Generation under which the snapshot's rows were received and flushed; 0 keeps the present one.</param>
    public void ResetTo(GroupLog log, EntryId snapshot, ConfState confState, long generation = 0) =>
        _operations.Add(new LogOperation(LogOperationKind.Reset, log, Position: snapshot, ConfState: confState, Generation: generation));

    /// <summary>Drops entries up to and including a position. One that is already dropped changes nothing.</summary>
    public void CompactTo(GroupLog log, EntryId position) =>
        _operations.Add(new LogOperation(LogOperationKind.Compact, log, Position: position));

    /// <summary>Removes the group's log for good.</summary>
    /// <param name="log">The group's log as opened.</param>
    /// <param name="removed">The replica that lived here; its number is remembered for ever. None leaves no tombstone.</param>
    public void RemoveGroup(GroupLog log, ReplicaId removed = default) =>
        _operations.Add(new LogOperation(LogOperationKind.RemoveGroup, log, Replica: removed));

    /// <summary>Empties the batch for its next use.</summary>
    public void Clear() => _operations.Clear();
}
