using System;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Orleans.Raft.Core;

/// <summary>Size of an entry in the protocol's encoding (raftpb.Entry), by which messages and pages are limited.</summary>
/// <remarks>
/// Reckoned here, not asked of Wire: Core knows no codec, and a node must cut its messages at the same places on every replica and in every replay, also where
/// nothing is encoded at all. That both agree is a property test. Etcd limits by this size too, so the traces would show a difference.
/// </remarks>
[Experimental("ORLEANSRAFT001")]
public static class EntrySize
{
    /// <summary>Encoded size of one entry.</summary>
    public static int Of(in Entry entry) => Of(entry.Term, entry.Index, entry.Data.Length);

    /// <summary>Encoded size of an entry of which only the numbers are at hand.</summary>
    public static int Of(long term, long index, int dataLength)
    {
        // Type, term and index are always written, each after one byte of field tag; the data only where there is some.
        var size = 2 + 1 + VarintLength(term) + 1 + VarintLength(index);
        return dataLength == 0 ? size : size + 1 + VarintLength(dataLength) + dataLength;
    }

    /// <summary>Encoded size of entries, saturating.</summary>
    public static long Of(ReadOnlySpan<Entry> entries)
    {
        var size = 0L;
        foreach (ref readonly var entry in entries)
        {
            size += Of(entry);
        }

        return size;
    }

    /// <summary>Length of the longest prefix that fits into <paramref name="maxBytes"/>, but at least one entry if there is any.</summary>
    public static int PrefixWithin(ReadOnlySpan<Entry> entries, long maxBytes)
    {
        if (maxBytes == RaftConfig.NoLimit)
        {
            return entries.Length;
        }

        var size = 0L;
        for (var i = 0; i < entries.Length; i++)
        {
            size += Of(entries[i]);
            if (size > maxBytes)
            {
                // An entry larger than the limit goes alone. Held back it would stop the log for ever.
                return Math.Max(i, 1);
            }
        }

        return entries.Length;
    }

    /// <summary>Bytes of data alone: what windows and uncommitted limits count, since it is what occupies memory.</summary>
    internal static long PayloadOf(ReadOnlySpan<Entry> entries)
    {
        var size = 0L;
        foreach (ref readonly var entry in entries)
        {
            size += entry.Data.Length;
        }

        return size;
    }

    private static int VarintLength(long value) => (BitOperations.Log2((ulong)value | 1) / 7) + 1;
}
