using Orleans.Raft.Core;

namespace Orleans.Raft.Simulation;

/// <summary>Terms of a replica's log as it was handed to the disk, durable or not. The node's own log is not asked: it is what is checked.</summary>
internal sealed class ShadowLog
{
    private readonly List<long> _terms = [];

    // Indexes of configuration changes, ascending.
    private readonly List<long> _changes = [];
    private EntryId _offset;

    public long Offset => _offset.Index;

    public long Last => _offset.Index + _terms.Count;

    /// <summary>The term at an index from <see cref="Offset"/> to <see cref="Last"/>.</summary>
    public long Term(long index) => index == _offset.Index ? _offset.Term : _terms[(int)(index - _offset.Index - 1)];

    public void Restart(SimDisk disk)
    {
        Restore(disk.Compacted);
        foreach (var entry in disk.Entries)
        {
            Add(entry);
        }
    }

    public void Restore(EntryId snapshot)
    {
        _terms.Clear();
        _changes.Clear();
        _offset = snapshot;
    }

    public void TruncateAfter(long index)
    {
        _terms.RemoveRange((int)(index - _offset.Index), (int)(Last - index));
        _changes.RemoveAll(change => change > index);
    }

    public void Add(in Entry entry)
    {
        _terms.Add(entry.Term);
        if (entry.Type != EntryType.EntryNormal)
        {
            _changes.Add(entry.Index);
        }
    }

    /// <summary>Index of the last configuration change up to an index, 0 when there is none since <see cref="Offset"/>.</summary>
    public long LastChangeUpTo(long index) => _changes.FindLast(change => change <= index);
}
