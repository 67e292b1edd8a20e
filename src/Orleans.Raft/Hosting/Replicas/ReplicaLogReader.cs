using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <summary>
/// The log as the node sees it: configuration comes from the applied state, with which it changes in one batch (SAFETY-RULES A11), and so do
/// snapshots.
/// </summary>
internal sealed class ReplicaLogReader(ILogReader log, ConfState confState, Func<Snapshot?> offerSnapshot) : ILogReader
{
    /// <inheritdoc/>
    public long FirstIndex => log.FirstIndex;

    /// <inheritdoc/>
    public long LastIndex => log.LastIndex;

    /// <inheritdoc/>
    public InitialState InitialState => log.InitialState with { ConfState = confState };

    /// <inheritdoc/>
    public bool TryGetTerm(long index, out long term) => log.TryGetTerm(index, out term);

    /// <inheritdoc/>
    public bool TryRead(long low, long high, long maxBytes, List<Entry> into) => log.TryRead(low, high, maxBytes, into);

    /// <inheritdoc/>
    public bool TryGetSnapshot(out Snapshot snapshot)
    {
        var offered = offerSnapshot();
        snapshot = offered!;
        return offered is not null;
    }
}
