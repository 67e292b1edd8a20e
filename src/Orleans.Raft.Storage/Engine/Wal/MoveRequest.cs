namespace Orleans.Raft.Storage.Engine;

/// <summary>Live entries that are to be copied out of a segment, with their records as read; what died meanwhile is skipped.</summary>
internal sealed class MoveRequest(Segment from)
{
    /// <summary>Segment to empty.</summary>
    public Segment From { get; } = from;

    /// <summary>Which entries.</summary>
    public List<(WalGroup Group, long Index, byte[] Record)> Entries { get; } = [];

    /// <summary>Writer only: those that are copied, and where their records begin in the sync batch.</summary>
    public List<(WalGroup Group, long Index, int Offset)> Planned { get; } = [];

    /// <summary>Bytes of their records.</summary>
    public int Bytes { get; private set; }

    public void Add(WalGroup group, long index, byte[] record)
    {
        Entries.Add((group, index, record));
        Bytes += record.Length;
    }
}
