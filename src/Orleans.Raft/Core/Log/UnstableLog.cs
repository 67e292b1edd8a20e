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

    public int Count => _count;

    /// <summary>One beyond the last entry held.</summary>
    public long EndIndex => Offset + _count;

    public bool HasNextEntries => NextIndex < EndIndex;

    public bool HasNextSnapshot => Snapshot is not null && !IsSnapshotInProgress;

    public ReadOnlySpan<Entry> Slice(long low, long high) =>
        _entries.AsSpan(_start + (int)(low - Offset), (int)(high - low));

    public bool TryGetTerm(long index, out long term)
    {
        if (index >= Offset && index < EndIndex)
        {
            term = _entries[_start + (int)(index - Offset)].Term;
            return true;
        }

        var isSnapshot = Snapshot is not null && Snapshot.Id.Index == index;
        term = isSnapshot ? Snapshot!.Id.Term : 0;
        return isSnapshot;
    }

    /// <summary>What is held has been handed out.</summary>
    public void AcceptInProgress()
    {
        NextIndex = EndIndex;
        IsSnapshotInProgress = Snapshot is not null;
    }

    /// <summary>The log is durable up to an entry; entries of another term have been replaced since, and the news is old.</summary>
    public void StableTo(EntryId id)
    {
        if (id.Index < Offset || id.Index >= EndIndex || !TryGetTerm(id.Index, out var term) || term != id.Term)
        {
            return;
        }

        var done = (int)(id.Index + 1 - Offset);
        _entries.AsSpan(_start, done).Clear();
        _count -= done;
        _start = _count == 0 ? 0 : _start + done;
        if (_count == 0 && _entries.Length > MaxKeptEntries)
        {
            // A burst is over. A process holds thousands of logs, so room for it is not kept.
            _entries = [];
        }

        Offset = id.Index + 1;
        NextIndex = Math.Max(NextIndex, Offset);
    }

    public void StableSnapshotTo(long index)
    {
        if (Snapshot is not null && Snapshot.Id.Index == index)
        {
            Snapshot = null;
            IsSnapshotInProgress = false;
        }
    }

    public void Restore(Snapshot snapshot)
    {
        _entries.AsSpan(_start, _count).Clear();
        _start = _count = 0;
        Offset = NextIndex = snapshot.Id.Index + 1;
        Snapshot = snapshot;
        IsSnapshotInProgress = false;
    }

    public void Append(in Entry entry)
    {
        Reserve(1);
        _entries[_start + _count++] = entry;
    }

    /// <summary>Appends entries from position <paramref name="from"/> of the list on, after dropping what is held at or above the first one's index.</summary>
    public void TruncateAndAppend(IReadOnlyList<Entry> entries, int from)
    {
        var first = entries[from].Index;
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
            NextIndex = Math.Min(NextIndex, first);
        }

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
    }

    public override string ToString() =>
        $"unstable [{Offset}, {EndIndex}) next={NextIndex}{(Snapshot is null ? "" : $" snapshot={Snapshot.Id}")}{(IsSnapshotInProgress ? " in progress" : "")}";

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
            _entries.AsSpan(_count, _start).Clear();
        }

        _entries = target;
        _start = 0;
    }
}
