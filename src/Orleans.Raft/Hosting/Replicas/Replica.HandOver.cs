using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <content>Handing leadership over: before the silo stops, when its disk hangs or another store holds it up, and as the last thing when it has failed.</content>
internal sealed partial class Replica
{
    /// <summary>If this replica leads, hands leadership to the most caught-up voter whose silo is eligible.</summary>
    public void PostHandOver(Func<string, bool> isEligible, string reason) =>
        Post(new ReplicaWork(ReplicaWorkKind.Action, Payload: (Action)(() => HandOver(isEligible, reason))));

    /// <summary>How long another store may hold the application up before somebody else had better lead.</summary>
    private TimeSpan Patience => _settings.Patience;

    /// <summary>True while it can't apply what is committed: it must be upgraded, or another store holds it up, by more than the bound or for longer than is good.</summary>
    private bool IsHeldUp => _needsUpgrade is not null || IsBackingSlow;

    private bool IsBackingSlow =>
        _state.IsProjected && (_node.Committed - _applied > _settings.MaxBacklog || (_applying is not null && _clock.Now - _applyingSince > Patience));

    // The next leader may be better off; if it isn't, it keeps the lead for a while all the same, so that leadership does not go round and round.
    private void HandOverIfHeldUp()
    {
        if (_soft.Role == RaftRole.Leader && _now >= _handOverAt && IsHeldUp)
        {
            _handOverAt = _now + Patience;
            if (_needsUpgrade is not null)
            {
                HandOver(_settings.MayLead, "it must be upgraded");
                return;
            }

            LogHeldUp(_logger, Group, Id, _node.Term, _node.Committed - _applied);
            HandOver(_settings.MayLead, "its backing storage holds it up");
        }
    }

    private void HandOver(Func<string, bool> isEligible, string reason)
    {
        if (_node.Role == RaftRole.Leader && Successor(isEligible) is { IsNone: false } successor)
        {
            LogHandOver(_logger, Group, Id, _node.Term, successor, reason, GiveAway(successor));
        }
    }

    private TransferResult GiveAway(ReplicaId to)
    {
        var result = _node.TransferLeadership(to, _now);
        if (result.IsAccepted && _node.Role == RaftRole.Leader && to != Id)
        {
            Volatile.Write(ref _givenAwayTerm, _node.Term);
        }

        return result;
    }

    private ReplicaId Successor(Func<string, bool> isEligible)
    {
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

        return best;
    }

    // The store has failed and this replica will say nothing more. The voter that has most of its log is told to campaign, so that the group need
    // not wait for a timeout. No transfer by the node's own rules, which would wait for answers; who may be elected is the voters' matter anyway.
    private void GiveWay()
    {
        if (_node.Role == RaftRole.Leader && Successor(_settings.IsEligible) is { IsNone: false } successor)
        {
            LogGivesWay(_logger, Group, Id, _node.Term, successor);
            Send(new Message { Type = MessageType.MsgTimeoutNow, From = Id, To = successor, Term = _node.Term }, default);
        }
    }
}
