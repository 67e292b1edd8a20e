namespace Orleans.Raft.Core;

/// <content>What the node tells of its decisions.</content>
public sealed partial class RaftNode
{
    /// <summary>
    /// Takes the oldest decision that nobody has taken yet. There is none unless <see cref="RaftConfig.IsTraced"/>. Of decisions that are not
    /// taken only the latest are kept.
    /// </summary>
    public bool TryTakeTrace(out TraceEvent traced)
    {
        traced = default;
        return _trace is not null && _trace.TryDequeue(out traced);
    }

    // Arguments are values at hand, never looked up or formatted: this is called where every instruction counts, and mostly nobody listens.
    private void Trace(
        TraceKind kind, ReplicaId peer = default, EntryId position = default, ProgressState sending = default, RefusalReason reason = RefusalReason.None)
    {
        if (_trace is null)
        {
            return;
        }

        if (_trace.Count == MaxKeptTraces)
        {
            // A host that asks for traces and doesn't take them must not run out of memory by it.
            _trace.Dequeue();
        }

        _trace.Enqueue(new TraceEvent(kind, Id, Role, Term, Leader, peer, position, sending, reason));
    }

    private void TracePeer(PeerProgress peer) => Trace(TraceKind.PeerStateChanged, peer.Id, new EntryId(0, peer.Match), peer.State);

    /// <summary>At the end of a verb: what shows in its outcome, wherever inside it was decided.</summary>
    private void TraceOutcome(RefusalReason reason)
    {
        if (reason is not RefusalReason.None)
        {
            Trace(TraceKind.InputRefused, reason: reason);
        }

        if (Leader != _tracedLeader)
        {
            _tracedLeader = Leader;
            Trace(TraceKind.LeaderChanged);
        }

        if (_log.Committed != _tracedCommit)
        {
            _tracedCommit = _log.Committed;
            Trace(TraceKind.Committed, position: new EntryId(0, _tracedCommit));
        }
    }
}
