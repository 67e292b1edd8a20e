using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Orleans.Raft.Core;

/// <summary>
/// Tail of the log that is not yet known to be durable, and a snapshot that is being installed. Entries below
/// <see cref="NextIndex"/> have been handed out for writing. Nobody outside holds the buffer: entries are copied out, so it may be reused.
/// </summary>
internal sealed class UnstableLog
{
    private const int MaxKeptEntries = 2_048;

    private Entry[] _entries = [];
    private int _start;
    private int _count;

    public UnstableLog(long firstIndex) => Offset = NextIndex = firstIndex;

    /// <summary>Index of the first entry held; everything before is durable.</summary>
    public long Offset { get; private set; }

    /// <summary>First index not yet handed out for writing; at or above <see cref="Offset"/>.</summary>
    public long NextIndex { get; private set; }

    /// <summary>Snapshot to install, until it is durable.</summary>
    public Snapshot? Snapshot { get; private set; }

    /// <summary>True once the snapshot was handed out.</summary>
    public bool IsSnapshotInProgress { get; private set; }

    /// <summary>Entries held.</summary>
    public int Count => _count;

    /// <summary>One beyond the last entry held.</summary>
    public long EndIndex => Offset + _count;

    /// <summary>There is something to write that was not handed out.</summary>
    public bool HasNextEntries => NextIndex < EndIndex;

    /// <summary>There is a snapshot to store that was not handed out.</summary>
    public bool HasNextSnapshot => Snapshot is not null && !IsSnapshotInProgress;

    /// <summary>Entries in [<paramref name="low"/>, <paramref name="high"/>); valid until the next change.</summary>
    public ReadOnlySpan<Entry> Slice(long low, long high)
    {
        // The buffer is larger than what it holds: a wrong bound would give entries that were truncated.
        Invariant.Holds(low >= Offset && high <= EndIndex, $"[{low}, {high}) of {this}");
        Invariant.Holds(low <= high, $"[{low}, {high}) ends before it starts: {this}");
        return _entries.AsSpan(_start + (int)(low - Offset), (int)(high - low));
    }

    /// <summary>Term at an index, if it is held here, or is that of the snapshot; else the durable log is to be asked.</summary>
    public bool TryGetTerm(long index, out long term)
    {
        if (index >= Offset && index < EndIndex)
        {
            ref readonly var entry = ref _entries[_start + (int)(index - Offset)];
            Invariant.Holds(entry.Index == index, $"entry {entry.Id} stands at {index}: {this}");
            term = entry.Term;
            return true;
        }

        var isSnapshot = Snapshot is not null && Snapshot.Id.Index == index;
        term = isSnapshot ? Snapshot!.Id.Term : 0;
        return isSnapshot;
    }

    /// <summary>
    /// What is held has been handed out. It stays here, readable, until the host says that it is durable: the disk may fail it yet, and readers must not
    /// wait.
    /// </summary>
    public void AcceptInProgress()
    {
        NextIndex = EndIndex;
        IsSnapshotInProgress = Snapshot is not null;
    }

    /// <summary>The log is durable up to an entry; entries of another term have been replaced since, and the news is old.</summary>
    public void StableTo(EntryId id)
    {
        // An entry of another term at that index: a write was under way, a new leader replaced the tail, and the older write's completion comes now.
        // To believe it would drop entries that no disk has.
        if (id.Index < Offset || id.Index >= EndIndex || !TryGetTerm(id.Index, out var term) || term != id.Term)
        {
            return;
        }

        // Equal by term and index, so it is the entry that was handed out: log matching leaves no way for another leader to bring it back within one term,
        // and answers of an earlier term are not heard. Etcd tells of the schedule that this would be (ABA) in a comment.
        Invariant.Holds(id.Index < NextIndex, $"entry {id} is said to be durable and was not handed out since it was replaced: {this}");
        var done = (int)(id.Index + 1 - Offset);
        Invariant.Holds(done > 0 && done <= _count, $"{done} entries are durable of {_count}: {this}");
        _entries.AsSpan(_start, done).Clear();
        _count -= done;
        _start = _count == 0 ? 0 : _start + done;
        if (_count == 0 && _entries.Length > MaxKeptEntries)
        {
            // A burst is over. A process holds thousands of logs, so room for it is not kept.
            _entries = [];
        }

        // What is durable is never handed out again, whatever was to be written a moment ago.
        Offset = id.Index + 1;
        NextIndex = Math.Max(NextIndex, Offset);
    }

    /// <summary>A snapshot is durable. Not by being the latest: a newer one may have come while it was stored.</summary>
    public void StableSnapshotTo(long index)
    {
        if (Snapshot is not null && Snapshot.Id.Index == index)
        {
            Invariant.Holds(IsSnapshotInProgress, $"a snapshot is said to be durable that was not handed out: {this}");
            Snapshot = null;
            IsSnapshotInProgress = false;
        }
    }

    /// <summary>A snapshot takes the place of everything held.</summary>
    public void Restore(Snapshot snapshot)
    {
        // Writes of the old entries may still be under way. Their completion names indexes below the new offset, or terms that are not here, and is ignored.
        Invariant.Holds(Snapshot is null || snapshot.Id.Index > Snapshot.Id.Index, $"snapshot {snapshot.Id} is older than the one being installed: {this}");
        _entries.AsSpan(_start, _count).Clear();
        _start = _count = 0;
        Offset = NextIndex = snapshot.Id.Index + 1;
        Snapshot = snapshot;
        IsSnapshotInProgress = false;
    }

    /// <summary>Appends one entry behind the last.</summary>
    public void Append(in Entry entry)
    {
        Invariant.Holds(entry.Index == EndIndex, $"entry {entry.Id} leaves a gap, or overlaps: {this}");
        Invariant.Holds(LastTerm <= entry.Term, $"terms never fall along a log: {entry.Id} after term {LastTerm}");
        Reserve(1);
        _entries[_start + _count++] = entry;
    }

    /// <summary>Appends entries from position <paramref name="from"/> of the list on, after dropping what is held at or above the first one's index.</summary>
    public void TruncateAndAppend(IReadOnlyList<Entry> entries, int from)
    {
        var first = entries[from].Index;
        Invariant.Holds(first <= EndIndex, $"entry {entries[from].Id} leaves a gap: {this}");
        Invariant.Holds(Snapshot is null || first > Snapshot.Id.Index, $"entry {entries[from].Id} would replace part of a snapshot: {this}");
        if (first < Offset)
        {
            // The durable log is truncated too: the write of these entries will drop what it holds at and above them.
            _entries.AsSpan(_start, _count).Clear();
            _start = _count = 0;
            Offset = NextIndex = first;
        }
        else if (first < EndIndex)
        {
            var kept = (int)(first - Offset);
            _entries.AsSpan(_start + kept, _count - kept).Clear();
            _count = kept;
            // What was handed out above is to be handed out again, as it is another entry now.
            NextIndex = Math.Min(NextIndex, first);
        }

        // Whatever was cut, what is left is a prefix of a log that once was whole, and what comes fits to it (log matching, Raft §5.3).
        Invariant.Holds(LastTerm <= entries[from].Term, $"terms never fall along a log: {entries[from].Id} after term {LastTerm}");
        var added = entries.Count - from;
        Reserve(added);
        if (entries is List<Entry> list)
        {
            CollectionsMarshal.AsSpan(list)[from..].CopyTo(_entries.AsSpan(_start + _count));
        }
        else
        {
            for (var i = 0; i < added; i++)
            {
                _entries[_start + _count + i] = entries[from + i];
            }
        }

        _count += added;
        Invariant.Holds(_entries[_start + _count - 1].Index == EndIndex - 1, $"{added} entries from {first} on end at {EndIndex - 1}: {this}");
    }

    /// <summary>Gives room back if nothing is held.</summary>
    public void Shrink()
    {
        if (_count == 0)
        {
            _entries = [];
            _start = 0;
        }
    }

    /// <summary>What is always true of the tail.</summary>
    public void AssertInvariants()
    {
        Invariant.Holds(Offset >= 1, $"indexes are 1-based: {this}");
        Invariant.Holds(NextIndex >= Offset && NextIndex <= EndIndex, $"handed out what is durable already, or what is not there: {this}");
        Invariant.Holds(_start >= 0 && _start + _count <= _entries.Length, $"outside of the buffer: {_start} + {_count} of {_entries.Length}");
        Invariant.Holds(Snapshot is not null || !IsSnapshotInProgress, $"no snapshot is in progress: {this}");
        Invariant.Holds(Snapshot is null || Snapshot.Id.Index < Offset, $"an entry lies inside of the snapshot: {this}");
        var term = Snapshot?.Id.Term ?? 0;
        for (var i = 0; i < _count; i++)
        {
            ref readonly var entry = ref _entries[_start + i];
            Invariant.Holds(entry.Index == Offset + i, $"entry {entry.Id} stands at {Offset + i}");
            Invariant.Holds(entry.Term >= term, $"terms never fall along a log: {entry.Id} after term {term}");
            term = entry.Term;
        }
    }

    public override string ToString() =>
        $"unstable [{Offset}, {EndIndex}) next={NextIndex}{(Snapshot is null ? "" : $" snapshot={Snapshot.Id}")}{(IsSnapshotInProgress ? " in progress" : "")}";

    // 0 where the tail is empty: then the store knows the last term, and is not asked for a check.
    private long LastTerm => _count == 0 ? 0 : _entries[_start + _count - 1].Term;

    // Makes room at the end: by moving to the front while that frees at least half of the buffer, else by a larger one. So appending costs a constant on average
    // and the steady state of a busy group allocates nothing.
    private void Reserve(int added)
    {
        if (_start + _count + added <= _entries.Length)
        {
            return;
        }

        var target = _entries;
        if (_count + added > _entries.Length / 2)
        {
            target = new Entry[Math.Max(16, (_count + added) * 2)];
        }

        _entries.AsSpan(_start, _count).CopyTo(target);
        if (ReferenceEquals(target, _entries))
        {
            // Moved to the front: the old places must not keep payloads alive.
            _entries.AsSpan(_count, _start).Clear();
        }

        _entries = target;
        _start = 0;
        Invariant.Holds(_count + added <= _entries.Length, $"no room for {added} more: {_count} of {_entries.Length}");
    }
}
