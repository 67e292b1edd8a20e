using System.Collections.Concurrent;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>What comes and goes over the lanes.</content>
internal sealed partial class RaftHost : IReplicaOutlet, ILaneSink, ILaneEvents
{
    /// <summary>Takes a batch. Runs on the endpoint's scheduler.</summary>
    public LaneAck Deliver(byte[] batch)
    {
        if (_lanes is not { } lanes)
        {
            // Not born yet: nobody can mean this silo.
            var life = _store?.Identity ?? default;
            return new LaneAck(life.StoreId, life.OpenCounter, isAccepted: false, SiloPhase.Running);
        }

        var ack = lanes.Receive(batch, out var header);
        if (ack.IsAccepted)
        {
            _silos.Heard(header.FromSilo, header.FromAddress);
        }

        return ack;
    }

    /// <inheritdoc/>
    public bool TrySend(string silo, in LaneFrame frame) => _lanes is { } lanes && lanes.To(silo).TrySend(frame);

    /// <inheritdoc/>
    void IReplicaOutlet.Woke(RaftGroupId group)
    {
        if (_groups.TryGetValue(group, out var runtime))
        {
            runtime.NeedTicks();
        }
    }

    /// <inheritdoc/>
    void ILaneSink.Deliver(string peer, in LaneItem item)
    {
        var id = new RaftGroupId(item.GroupName, item.GroupIndex);
        if (!_groups.TryGetValue(id, out var runtime))
        {
            Refused(peer, DropReason.UnknownGroup, $"{id} is not known here");
            return;
        }

        if (item.GroupIncarnation != runtime.Descriptor.Incarnation)
        {
            Refused(peer, DropReason.OtherIncarnation, $"{id} is of another incarnation there; was it created anew?");
            return;
        }

        if (!item.To.IsNone)
        {
            if (!item.From.IsNone && LaneGuard.WhyNotHeard(Catalog, runtime.Descriptor, item, _speakers.GetValueOrDefault(peer)) is { } reason)
            {
                Refused(peer, DropReason.UnboundStore, $"{id} from replica {item.From}, {reason}");
                return;
            }

            if (runtime.Replica is { } replica)
            {
                replica.Post(new ReplicaWork(ReplicaWorkKind.Item, Silo: peer, Item: item));
            }
            else
            {
                Refused(peer, DropReason.NoReplica, $"{id} has no replica here");
            }

            return;
        }

        if (item.ToLife.Store != default && new StoreIdentity(item.ToLife.Store, item.ToLife.OpenCounter) != _store!.Identity)
        {
            Refused(peer, DropReason.OtherLife, $"{id} answer for an earlier life");
            return;
        }

        try
        {
            runtime.Receive(item);
        }
        catch (WireFormatException exception)
        {
            Refused(peer, DropReason.Malformed, exception.Message);
        }
    }

    /// <inheritdoc/>
    void ILaneSink.Speaks(string peer, Guid process) => _speakers[peer] = process;

    /// <inheritdoc/>
    public void Refused(string peer, DropReason reason, string detail)
    {
        _metrics.Dropped(reason);
        if (_dropLog.IsDue(peer, reason))
        {
            LogLaneRefused(_logger, Silo, peer, reason, detail);
        }
    }

    /// <inheritdoc/>
    void ILaneEvents.PeerReached(string peer, StoreIdentity life)
    {
        if (!_reached.TryGetValue(peer, out var isReached) || !isReached)
        {
            _reached[peer] = true;
            LogLaneReached(_logger, Silo, peer, life);
            TellSiloChanged(peer, isLost: false);
        }
    }

    private bool IsAlive(string silo) => _lanes is { } lanes && lanes.To(silo).SilentSince is null;

    // Liveness is per silo pair (SAFETY-RULES B4): sleeping groups have nobody else to tell them, and the others need not wait for a timeout of their own.
    private void WatchSilos()
    {
        foreach (var (silo, lane) in _lanes?.Senders ?? [])
        {
            // The lane has waited for half an election timeout by then, or the silo's process is known to be gone.
            if (lane.SilentSince is not { } since)
            {
                _lost.Remove(silo);
            }
            else if (_clock.Now - since >= _options.TickInterval * (_options.ElectionTicks / 2.0) && _lost.Add(silo))
            {
                TellSiloChanged(silo, isLost: true);
            }
        }
    }

    private void TellSiloChanged(string silo, bool isLost)
    {
        foreach (var runtime in _groups.Values)
        {
            if (runtime.Replica is { } replica && (replica.IsAsleep || isLost) && !runtime.Descriptor.ReplicaOn(silo).IsNone)
            {
                replica.PostSiloChanged(silo, isLost);
            }
        }
    }

    /// <inheritdoc/>
    void ILaneEvents.SendFailed(string peer, Exception exception)
    {
        if (_reached.TryGetValue(peer, out var isReached) && isReached)
        {
            LogLaneBroken(_logger, Silo, peer, exception.Message);
        }
    }

    /// <inheritdoc/>
    void ILaneEvents.PeerUnreachable(string peer)
    {
        if (!_reached.TryGetValue(peer, out var wasReached) || !wasReached)
        {
            return;
        }

        _reached[peer] = false;
        foreach (var runtime in _groups.Values)
        {
            if (!runtime.Descriptor.ReplicaOn(peer).IsNone)
            {
                runtime.Replica?.Post(new ReplicaWork(ReplicaWorkKind.Unreachable, Silo: peer));
            }
        }
    }
}
