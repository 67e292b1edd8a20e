using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>
/// The durable part of a replica's log, as the node reads it. Reads are synchronous and see all writes whose
/// completion the node has been told of. A failure to read is an exception; it faults the replica.
/// </summary>
[Experimental("ORLEANSRAFT001")]
public interface ILogReader
{
    /// <summary>First index that can be read; one more than the last compacted index (1 in a fresh log).</summary>
    long FirstIndex { get; }

    /// <summary>Last index stored; <c>FirstIndex - 1</c> when nothing is.</summary>
    long LastIndex { get; }

    /// <summary>Hard state and configuration as last stored.</summary>
    InitialState InitialState { get; }

    /// <summary>The term of the entry at <paramref name="index"/>, or false when it is compacted or beyond the end.
    /// The term at <c>FirstIndex - 1</c> is always known.</summary>
    bool TryGetTerm(long index, out long term);

    /// <summary>
    /// Appends entries from [<paramref name="low"/>, <paramref name="high"/>) to <paramref name="into"/>: the longest run from the start whose encoded
    /// size (<see cref="EntrySize"/>) is within <paramref name="maxBytes"/>, but at least one. False when <paramref name="low"/> is compacted.
    /// </summary>
    bool TryRead(long low, long high, long maxBytes, List<Entry> into);

    /// <summary>The latest snapshot, or false while none can be had; the node asks again later.</summary>
    bool TryGetSnapshot(out Snapshot snapshot);
}

/// <summary>What a replica starts from.</summary>
/// <param name="HardState">Stored hard state, empty for a new replica.</param>
/// <param name="ConfState">Stored configuration.</param>
[Experimental("ORLEANSRAFT001")]
public readonly record struct InitialState(HardState HardState, ConfState ConfState);
