using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <content>Handing leadership over before the silo stops.</content>
internal sealed partial class Replica
{
    /// <summary>If this replica leads, hands leadership to the most caught-up voter whose silo is eligible.</summary>
    public void PostHandOver(Func<string, bool> isEligible) =>
        Post(new ReplicaWork(ReplicaWorkKind.Action, Payload: (Action)(() => HandOver(isEligible))));

    private void HandOver(Func<string, bool> isEligible)
    {
        if (_node.Role != RaftRole.Leader)
        {
            return;
        }

        var status = _node.Status();
        var best = ReplicaId.None;
        var match = -1L;
        foreach (var peer in status.Peers)
        {
            if (peer.Id != Id
                && peer.Match > match
                && status.ConfState.Voters.Contains(peer.Id)
                && _peers.TryGetValue(peer.Id, out var known)
                && isEligible(known.Silo))
            {
                (best, match) = (peer.Id, peer.Match);
            }
        }

        if (!best.IsNone)
        {
            var result = _node.TransferLeadership(best, _now);
            LogHandOver(_logger, Group, Id, _node.Term, best, result);
        }
    }
}
