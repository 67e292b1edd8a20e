using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>The stored log, with snapshots that are made of the state at hand.</summary>
internal sealed class VoterLog(ILogReader log, Func<Snapshot?> take) : ILogReader
{
    public long FirstIndex => log.FirstIndex;

    public long LastIndex => log.LastIndex;

    public InitialState InitialState => log.InitialState;

    public bool TryGetTerm(long index, out long term) => log.TryGetTerm(index, out term);

    public bool TryRead(long low, long high, long maxBytes, List<Entry> into) => log.TryRead(low, high, maxBytes, into);

    public bool TryGetSnapshot(out Snapshot snapshot)
    {
        snapshot = take()!;
        return snapshot is not null;
    }
}
