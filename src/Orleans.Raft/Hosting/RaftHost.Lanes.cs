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
            return new LaneAck(life.StoreId, life.OpenCounter, isAccepted: false);
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
            if (!item.From.IsNone && !IsBound(peer, item.FromLife))
            {
                Refused(peer, DropReason.UnboundStore, $"{id} from the store {item.FromLife}, which is not bound to the silo or has been opened since");
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

    // A silo that lost its store, or got an old one back, speaks for none of its former replicas (SAFETY-RULES A1, A7).
    private bool IsBound(string silo, ReplicaLife life)
    {
        foreach (var binding in Catalog?.Silos ?? [])
        {
            if (string.Equals(binding.Silo, silo, StringComparison.Ordinal))
            {
                return binding.Store == life.Store && life.OpenCounter >= binding.OpenCounter;
            }
        }

        return true;
    }

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
