using System.Collections.Generic;

namespace Orleans.Raft.Core;

/// <summary>Entries of a leader's log and the entry before them (Raft §5.3). Checked once at the gate by <see cref="IsWellFormed"/>, assumed after it.</summary>
/// <param name="Term">Term of the leader whose log this is.</param>
/// <param name="Previous">The entry before the first one.</param>
/// <param name="Entries">The entries, contiguous; may be empty.</param>
internal readonly record struct LogSlice(long Term, EntryId Previous, IReadOnlyList<Entry> Entries)
{
    public long LastIndex => Previous.Index + Entries.Count;

    /// <summary>Indexes follow each other, terms never fall and never exceed the leader's.</summary>
    public bool IsWellFormed()
    {
        // Without room for the entries' own indexes the sums below would overflow: no log is that long, so somebody made it up.
        if (Previous.Index < 0 || Previous.Term < 0 || Previous.Index > long.MaxValue - Entries.Count - 1)
        {
            return false;
        }

        var (term, index) = Previous;
        for (var i = 0; i < Entries.Count; i++)
        {
            var entry = Entries[i];
            if (entry.Index != ++index || entry.Term < term)
            {
                return false;
            }

            term = entry.Term;
        }

        // A leader's log holds nothing from after its own term (Raft §5.4.2: it would have lost its leadership by then).
        return term <= Term;
    }

    public override string ToString() => $"({Previous}, {LastIndex}] of term {Term}";
}
