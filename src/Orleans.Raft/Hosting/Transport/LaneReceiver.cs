using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>Takes the frames of a lane in the order in which they are delivered.</summary>
internal interface ILaneSink
{
    /// <summary>One item. Its bytes are slices of the received batch and may be kept.</summary>
    void Deliver(string peer, in LaneItem item);

    /// <summary>What is delivered from now on comes from this process of the peer.</summary>
    void Speaks(string peer, Guid process);

    /// <summary>Something arrived that is not delivered; counted by reason.</summary>
    void Refused(string peer, DropReason reason, string detail);
}

/// <summary>
/// The receiving half of a lane: puts the batches of one peer back into order. Orleans reorders calls freely; order is an optimization here,
/// never a wait longer than a tick (SAFETY-RULES B5). Runs on the endpoint's scheduler, one call at a time.
/// </summary>
internal sealed class LaneReceiver(string peer, ILaneSink sink, IReplicaClock clock, TimeSpan patience)
{
    /// <summary>Batches held back at most; a sender has fewer on their way.</summary>
    public const int MaxHeld = 16;

    private readonly SortedDictionary<long, LaneItem[]> _held = [];
    private StoreIdentity _peerLife;
    private Guid _peerProcess;
    private long _session;
    private long _next = 1;
    private TimeSpan _gapSince;

    /// <summary>When the peer was last heard.</summary>
    public TimeSpan LastHeard { get; private set; } = clock.Now;

    /// <summary>Takes a batch whose addressee is known to be this life of this silo.</summary>
    public void Receive(LaneBatch batch)
    {
        var header = batch.Header;
        var from = new StoreIdentity(header.FromStore, header.FromOpenCounter);
        LastHeard = clock.Now;
        if (from != _peerLife || header.FromProcess != _peerProcess || header.Session > _session)
        {
            if (from.StoreId == _peerLife.StoreId && from.OpenCounter < _peerLife.OpenCounter)
            {
                sink.Refused(peer, DropReason.EarlierLife, $"batch of {from}, {_peerLife} has spoken since");
                return;
            }

            // Nothing held is lost for good: a break of the lane loses messages, and Raft repeats them.
            _held.Clear();
            _peerLife = from;
            if (header.FromProcess != _peerProcess)
            {
                _peerProcess = header.FromProcess;
                sink.Speaks(peer, header.FromProcess);
            }

            _session = header.Session;
            _next = 1;
        }
        else if (header.Session < _session)
        {
            sink.Refused(peer, DropReason.OldSession, $"batch of session {header.Session}, {_session} has begun");
            return;
        }

        if (header.Sequence <= _next)
        {
            // A batch from before the gap that was given up is late, and Raft takes late messages.
            DeliverItems(batch.Items);
            _next = Math.Max(_next, header.Sequence + 1);
            DeliverHeld(skipGaps: false);
            return;
        }

        if (_held.Count == 0)
        {
            _gapSince = LastHeard;
        }

        _held[header.Sequence] = batch.Items;
        DeliverHeld(skipGaps: _held.Count > MaxHeld);
    }

    /// <summary>Gives a gap up that has lasted for a tick.</summary>
    public void OnTick()
    {
        if (_held.Count > 0 && clock.Now - _gapSince >= patience)
        {
            DeliverHeld(skipGaps: true);
        }
    }

    private void DeliverHeld(bool skipGaps)
    {
        while (_held.Count > 0)
        {
            var (sequence, items) = First();
            if (sequence > _next && !skipGaps)
            {
                return;
            }

            _held.Remove(sequence);
            _next = sequence + 1;
            DeliverItems(items);
        }
    }

    private (long Sequence, LaneItem[] Items) First()
    {
        using var each = _held.GetEnumerator();
        each.MoveNext();
        return (each.Current.Key, each.Current.Value);
    }

    private void DeliverItems(LaneItem[] items)
    {
        foreach (ref readonly var item in items.AsSpan())
        {
            sink.Deliver(peer, item);
        }
    }
}
