using Orleans.Raft.Core;

namespace Orleans.Raft;

/// <summary>Size of an entry as the protocol buffers schema encodes it: the measure of every limit on bytes of entries.</summary>
internal static class EntrySize
{
    /// <summary>Encoded size of an entry with its tags.</summary>
    public static int Of(in Entry entry)
    {
        var size = 1 + VarintSize(entry.Term) + 1 + VarintSize(entry.Index);
        if (entry.Type != EntryType.EntryNormal)
        {
            size += 2;
        }

        return entry.Data.IsEmpty ? size : size + 1 + VarintSize(entry.Data.Length) + entry.Data.Length;
    }

    private static int VarintSize(long value) => value == 0 ? 1 : (70 - System.Numerics.BitOperations.LeadingZeroCount((ulong)value)) / 7;
}
