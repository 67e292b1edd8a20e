using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Orleans.Raft.Core;

/// <summary>
/// The replicated log of one replica: what is durable, read through <see cref="ILogReader"/>, and the tail that is not, with the three cursors
/// Committed ≥ Applying ≥ Applied.
/// </summary>
internal sealed class RaftLog
{
    private readonly ILogReader _storage;
    private readonly UnstableLog _unstable;
    private readonly long _maxApplyingSize;
    private readonly List<Entry> _scan = [];

    // Encoded bytes handed out for application and not yet applied. Bounds memory of a slow state machine over many Readys.
    private long _applyingSize;

    // Set when the last page was cut by size or the bound is reached; cleared as entries are reported applied.
    private bool _applyingPaused;

    public RaftLog(ILogReader storage, long maxApplyingSize)
    {
        var first = storage.FirstIndex;
        var last = storage.LastIndex;
        Invariant.Holds(first >= 1 && last >= first - 1, $"stored log has first={first} last={last}");

        // Where the disk's log ends the tail begins. Nothing is known to be committed yet but what was compacted away: only that ever is (Raft §7).
        _storage = storage;
        _maxApplyingSize = maxApplyingSize;
        _unstable = new UnstableLog(last + 1);
        Committed = Applying = Applied = first - 1;
    }

    /// <summary>Gives room back that work needed.</summary>
    public void Shrink()
    {
        _unstable.Shrink();
        _scan.TrimExcess();
    }

    /// <summary>Highest index known to be on a quorum (Raft figure 2, commitIndex). Never falls.</summary>
    public long Committed { get; private set; }

    /// <summary>Highest index handed out for application.</summary>
    public long Applying { get; private set; }

    /// <summary>Highest index reported as applied.</summary>
    public long Applied { get; private set; }

    public UnstableLog Unstable => _unstable;

    public long FirstIndex => _unstable.Snapshot is { } snapshot ? snapshot.Id.Index + 1 : _storage.FirstIndex;

    public long LastIndex => _unstable.EndIndex - 1;

    public EntryId LastId
    {
        get
        {
            var last = LastIndex;
            var known = TryGetTerm(last, out var term);
            Invariant.Holds(known, $"no term at last={last} first={FirstIndex} {_unstable}. Did the stored log shrink?");
            return new EntryId(term, last);
        }
    }

    /// <summary>A snapshot is not yet durable. Until it is, nothing may be applied, since the state it belongs to is not there.</summary>
    public bool HasPendingSnapshot => _unstable.Snapshot is not null;

    /// <summary>Term of an entry, asked of the tail first: what it holds replaces what is stored at the same index.</summary>
    public bool TryGetTerm(long index, out long term)
    {
        if (_unstable.TryGetTerm(index, out term))
        {
            return true;
        }

        // The term before the first entry is known too: it is what the log was compacted or restored to.
        // No sum with the index: it may come from a message, and be any number.
        if (index < FirstIndex - 1 || index > LastIndex)
        {
            return false;
        }

        var isStored = _storage.TryGetTerm(index, out term);
        Invariant.Holds(!isStored || term >= 0, $"the store says term {term} at {index}");
        return isStored;
    }

    /// <summary>True when the log has this very entry, and so all before it (log matching, Raft §5.3).</summary>
    public bool Matches(EntryId id) => TryGetTerm(id.Index, out var term) && term == id.Term;

    /// <summary>Raft §5.4.1: the log with the later last term is more up-to-date, the longer one if terms are equal.</summary>
    public bool IsUpToDate(EntryId candidate)
    {
        var own = LastId;
        return candidate.Term > own.Term || (candidate.Term == own.Term && candidate.Index >= own.Index);
    }

    /// <summary>Appends a leader's slice if it fits on the log (Raft §5.3), dropping what conflicts.</summary>
    public bool TryAppend(in LogSlice slice, long leaderCommit)
    {
        if (!Matches(slice.Previous))
        {
            return false;
        }

        var conflict = FindConflict(slice.Entries);
        if (conflict < slice.Entries.Count)
        {
            var first = slice.Entries[conflict].Index;

            // What is committed is in the log of every leader to come (leader completeness, Raft §5.4.3). A leader that says otherwise was elected by voters
            // that have lost what they had acknowledged, or this replica has committed what it should not have: to go on would lose it here too.
            Invariant.Holds(first > Committed, $"entry {slice.Entries[conflict].Id} of {slice} conflicts with committed={Committed}");
            _unstable.TruncateAndAppend(slice.Entries, conflict);
        }

        // Not beyond the slice: what follows it in this log may not be in the leader's.
        CommitTo(Math.Min(leaderCommit, slice.LastIndex));
        return true;
    }

    /// <summary>Appends an entry of this replica's own, as leader: behind all it has, as a leader never replaces entries of its log (Raft §5.3).</summary>
    public void Append(in Entry entry) => _unstable.Append(entry);

    /// <summary>
    /// The highest position at or below <paramref name="index"/> that may agree with a log whose entry there is of <paramref name="term"/>: skips what is of
    /// later terms, so that leader and follower need at most one probe a term. Term 0 where it is not known any more.
    /// </summary>
    public EntryId FindConflictByTerm(long index, long term)
    {
        // Linear, but only over what two logs disagree about; both sides skip a term per message.
        Invariant.Holds(index <= LastIndex, $"a hint is looked for at {index}, beyond last={LastIndex}");
        for (; index > 0; index--)
        {
            if (!TryGetTerm(index, out var own))
            {
                return new EntryId(0, index);
            }

            if (own <= term)
            {
                return new EntryId(own, index);
            }
        }

        return default;
    }

    /// <summary>
    /// Moves the commit index forward. Beyond the end means that entries are gone which this replica had acknowledged, and with them maybe the quorum.
    /// </summary>
    public void CommitTo(long index)
    {
        if (index <= Committed)
        {
            // Old news: commit indexes travel in every message, and messages overtake each other.
            return;
        }

        Invariant.Holds(index <= LastIndex, $"commit={index} is beyond last={LastIndex}. Was the log truncated or lost?");
        Committed = index;
    }

    /// <summary>Raft §5.4.2: a leader commits by counting only entries of its own term.</summary>
    public bool TryCommit(EntryId id)
    {
        if (id.Term == 0 || id.Index <= Committed || !Matches(id))
        {
            return false;
        }

        CommitTo(id.Index);
        return true;
    }

    /// <summary>The host has applied up to an index; <paramref name="size"/> is what was reckoned for it when it was handed out.</summary>
    public void AppliedTo(long index, long size)
    {
        // Backwards would apply entries twice, and beyond the commit index something that a new leader may replace.
        Invariant.Holds(index >= Applied && index <= Committed, $"applied moves from {Applied} to {index}, committed={Committed}");
        Invariant.Holds(size >= 0, $"{size} bytes were applied");
        Applied = index;
        Applying = Math.Max(Applying, index);
        _applyingSize = Math.Max(0, _applyingSize - size);
        _applyingPaused = _applyingSize >= _maxApplyingSize;
    }

    /// <summary>Entries up to an index have been handed out for application. Each is handed out once in a life.</summary>
    public void AcceptApplying(long index, long size, bool allowUnstable)
    {
        Invariant.Holds(size >= 0, $"entries of {size} bytes are handed out for application");
        Invariant.Holds(index >= Applying, $"handed out up to {Applying}, and now again up to {index}");
        Invariant.Holds(index <= Committed, $"applying={index} is beyond committed={Committed}");
        Applying = index;
        _applyingSize += size;
        _applyingPaused = _applyingSize >= _maxApplyingSize || index < MaxAppliable(allowUnstable);
    }

    public void StableTo(EntryId id) => _unstable.StableTo(id);

    public void StableSnapshotTo(long index) => _unstable.StableSnapshotTo(index);

    /// <summary>The log becomes a snapshot and nothing after it; durable when the host says so.</summary>
    public void Restore(Snapshot snapshot)
    {
        // A snapshot from behind would un-commit what is between.
        Invariant.Holds(snapshot.Id.Index > Committed, $"snapshot {snapshot.Id} is not beyond committed={Committed}");
        Invariant.Holds(snapshot.Id.Term > 0, $"nobody led in the term of snapshot {snapshot.Id}");
        // Applied stays behind until the host has installed the state: until then nothing is handed out, as there is nothing to apply it to.
        Committed = snapshot.Id.Index;
        _unstable.Restore(snapshot);
        Invariant.Holds(LastIndex == Committed && FirstIndex == Committed + 1, $"the log does not start behind snapshot {snapshot.Id}: {this}");
    }

    /// <summary>True when there is something to apply and room for it. Nothing while a snapshot is being installed: its state comes first.</summary>
    public bool HasNextCommitted(bool allowUnstable) =>
        !_applyingPaused && !HasPendingSnapshot && Applying < MaxAppliable(allowUnstable);

    /// <summary>Appends the next page of committed entries to <paramref name="into"/>.</summary>
    public void ReadNextCommitted(bool allowUnstable, List<Entry> into)
    {
        if (HasNextCommitted(allowUnstable))
        {
            Read(Applying + 1, MaxAppliable(allowUnstable) + 1, _maxApplyingSize - _applyingSize, into);
        }
    }

    /// <summary>Appends entries from <paramref name="low"/> to the end to <paramref name="into"/>; false when they are compacted.</summary>
    public bool TryRead(long low, long maxBytes, List<Entry> into) =>
        low > LastIndex || TryRead(low, LastIndex + 1, maxBytes, into);

    /// <summary>The snapshot for who lacks the log's start: the one that is being installed here comes first, for the stored one is older.</summary>
    public bool TryGetSnapshot(out Snapshot snapshot)
    {
        if (_unstable.Snapshot is { } pending)
        {
            snapshot = pending;
            return true;
        }

        return _storage.TryGetSnapshot(out snapshot);
    }

    /// <summary>True when a configuration change lies between <paramref name="low"/> and <paramref name="high"/>, both included.</summary>
    public bool HasConfChange(long low, long high)
    {
        // Page by page: a replica that is far behind must not load all of it to look for a configuration change.
        while (low <= high)
        {
            _scan.Clear();
            Read(low, high + 1, _maxApplyingSize, _scan);
            Invariant.Holds(_scan.Count > 0, $"nothing stored in [{low}, {high}]");
            foreach (ref readonly var entry in CollectionsMarshal.AsSpan(_scan))
            {
                if (entry.Type is not EntryType.EntryNormal)
                {
                    _scan.Clear();
                    return true;
                }
            }

            low += _scan.Count;
        }

        _scan.Clear();
        return false;
    }

    /// <summary>What is always true of a log between two verbs. Looks at every entry of the tail, so it is for Debug builds and the simulator.</summary>
    public void AssertInvariants()
    {
        Invariant.Holds(FirstIndex >= 1, $"indexes are 1-based: {this}");
        Invariant.Holds(FirstIndex <= LastIndex + 1, $"the log ends before it starts: {this}");

        // Committed first, then handed out, then reported. Whoever swaps two of them applies what may still be replaced.
        Invariant.Holds(Applied <= Applying, $"applied before it was handed out: {this}");
        Invariant.Holds(Applying <= Committed, $"handed out before it was committed: {this}");
        Invariant.Holds(Committed <= LastIndex, $"committed beyond the end: {this}");
        Invariant.Holds(_applyingSize >= 0, $"more bytes were applied than handed out: {_applyingSize}");
        Invariant.Holds(
            _unstable.Snapshot is not { } snapshot || snapshot.Id.Index <= Committed, $"a snapshot holds what is committed, and this one more: {this}");
        Invariant.Holds(_scan.Count == 0, $"entries of a scan are kept alive: {_scan.Count}");
        _unstable.AssertInvariants();
    }

    public override string ToString() =>
        $"log=[{FirstIndex}, {LastIndex}] committed={Committed} applying={Applying} applied={Applied} {_unstable}";

    // In asynchronous mode only what is on this replica's own disk is applied: else a power loss could leave state that the log doesn't reach.
    private long MaxAppliable(bool allowUnstable) =>
        allowUnstable ? Committed : Math.Min(Committed, _unstable.Offset - 1);

    // Entries that the log has already are not written again: they may be on their way to the disk, or acknowledged.
    private int FindConflict(IReadOnlyList<Entry> entries)
    {
        var i = 0;
        while (i < entries.Count && Matches(entries[i].Id))
        {
            i++;
        }

        return i;
    }

    private void Read(long low, long high, long maxBytes, List<Entry> into)
    {
        // What is committed and not applied is never compacted: the host may cut its log only below what it has applied (SAFETY-RULES A11).
        var available = TryRead(low, high, maxBytes, into);
        Invariant.Holds(available, $"entries [{low}, {high}) are needed and compacted, first={FirstIndex}");
    }

    private bool TryRead(long low, long high, long maxBytes, List<Entry> into)
    {
        if (low < FirstIndex)
        {
            return false;
        }

        // Two parts, of which the second begins only where the first went to its end: an entry of the tail behind a stored part that the limit has cut would
        // leave a gap between them.
        Invariant.Holds(low <= high && high <= LastIndex + 1, $"[{low}, {high}) of {this}");
        var stable = Math.Min(high, _unstable.Offset);
        var size = 0L;
        if (low < stable)
        {
            var before = into.Count;
            if (!_storage.TryRead(low, stable, maxBytes, into))
            {
                return false;
            }

            // Fewer than asked means that the store hit the limit.
            var read = CollectionsMarshal.AsSpan(into)[before..];
            Invariant.Holds(read.Length > 0 && read[0].Index == low, $"store returned {read.Length} entries for [{low}, {stable})");
            if (read.Length < stable - low || stable == high)
            {
                return true;
            }

            size = maxBytes == RaftConfig.NoLimit ? 0 : EntrySize.Of(read);
            if (maxBytes != RaftConfig.NoLimit && size >= maxBytes)
            {
                return true;
            }
        }

        AppendUnstable(Math.Max(low, _unstable.Offset), high, maxBytes, size, into);
        return true;
    }

    private void AppendUnstable(long low, long high, long maxBytes, long size, List<Entry> into)
    {
        var entries = _unstable.Slice(low, high);
        if (maxBytes != RaftConfig.NoLimit)
        {
            entries = entries[..EntrySize.PrefixWithin(entries, maxBytes - size)];

            // The prefix has at least one entry; after stored ones it must fit as well.
            if (size > 0 && entries.Length == 1 && size + EntrySize.Of(entries[0]) > maxBytes)
            {
                return;
            }
        }

        into.AddRange(entries);
    }
}
