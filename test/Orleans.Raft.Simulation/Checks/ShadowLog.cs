using Orleans.Raft.Core;

namespace Orleans.Raft.Simulation;

/// <summary>Terms of a replica's log as it was handed to the disk, durable or not. The node's own log is not asked: it is what is checked.</summary>
internal sealed class ShadowLog
{
    private readonly List<long> _terms = [];
    private EntryId _offset;

    public long Offset => _offset.Index;

    public long Last => _offset.Index + _terms.Count;

    /// <summary>The term at an index from <see cref="Offset"/> to <see cref="Last"/>.</summary>
    public long Term(long index) => index == _offset.Index ? _offset.Term : _terms[(int)(index - _offset.Index - 1)];

    public void Restart(SimDisk disk)
    {
        _terms.Clear();
        _offset = disk.Compacted;
        foreach (var entry in disk.Entries)
        {
            _terms.Add(entry.Term);
        }
    }

    public void Restore(EntryId snapshot)
    {
        _terms.Clear();
        _offset = snapshot;
    }

    public void TruncateAfter(long index) => _terms.RemoveRange((int)(index - _offset.Index), (int)(Last - index));

    public void Add(long term) => _terms.Add(term);
}
