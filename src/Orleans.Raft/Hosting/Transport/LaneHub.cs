using System.Collections.Concurrent;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>All lanes of a silo: one per peer, made when first needed.</summary>
internal sealed class LaneHub
{
    private readonly LaneSettings _settings;
    private readonly ILaneTransport _transport;
    private readonly IReplicaScheduler _scheduler;
    private readonly IReplicaClock _clock;
    private readonly ILaneEvents _events;
    private readonly ILaneSink _sink;
    private readonly ConcurrentDictionary<string, LaneSender> _senders = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LaneReceiver> _receivers = new(StringComparer.Ordinal);

    public LaneHub(
        LaneSettings settings, ILaneTransport transport, IReplicaScheduler scheduler, IReplicaClock clock, ILaneEvents events, ILaneSink sink)
    {
        _settings = settings;
        _transport = transport;
        _scheduler = scheduler;
        _clock = clock;
        _events = events;
        _sink = sink;
    }

    /// <summary>The sending halves, for ticks and figures.</summary>
    public IEnumerable<KeyValuePair<string, LaneSender>> Senders => _senders;

    /// <summary>How far this silo is on its way out; peers hear it with each answer.</summary>
    public SiloPhase Phase { get; set; }

    /// <summary>The lane to a silo.</summary>
    public LaneSender To(string peer) => _senders.GetOrAdd(
        peer, static (name, hub) => new LaneSender(name, hub._settings, hub._transport, hub._scheduler, hub._clock, hub._events), this);

    /// <summary>Takes a batch from the endpoint. Runs on the endpoint's scheduler.</summary>
    public LaneAck Receive(ReadOnlyMemory<byte> bytes, out LaneHeader header)
    {
        header = default;
        LaneBatch batch;
        try
        {
            batch = LaneCodec.Read(bytes);
        }
        catch (WireFormatException exception)
        {
            _sink.Refused("?", DropReason.Malformed, exception.Message);
            return Ack(isAccepted: false);
        }

        header = batch.Header;
        if (header.ClusterIncarnation != _settings.Header.ClusterIncarnation)
        {
            _sink.Refused(header.FromSilo, DropReason.OtherCluster, $"the Raft cluster {header.ClusterIncarnation}, this is {_settings.Header.ClusterIncarnation}");
            return Ack(isAccepted: false);
        }

        // A greeting, which names no life, carries no items; everything else must be meant for this life (SAFETY-RULES A8).
        var to = new StoreIdentity(header.ToStore, header.ToOpenCounter);
        if (to.IsDefault ? batch.Items.Length > 0 : to != _settings.Life)
        {
            _sink.Refused(header.FromSilo, DropReason.OtherLife, $"a batch for {to}, this is {_settings.Life}");
            return Ack(isAccepted: false);
        }

        if (!_receivers.TryGetValue(header.FromSilo, out var receiver))
        {
            receiver = new LaneReceiver(header.FromSilo, _sink, _clock, _settings.BeatInterval);
            _receivers.Add(header.FromSilo, receiver);
        }

        receiver.Receive(batch);
        return Ack(isAccepted: true);
    }

    /// <summary>One tick. Runs on the endpoint's scheduler.</summary>
    public void OnTick()
    {
        foreach (var receiver in _receivers.Values)
        {
            receiver.OnTick();
        }

        foreach (var (_, sender) in _senders)
        {
            sender.OnTick();
        }
    }

    private LaneAck Ack(bool isAccepted) => new(_settings.Life.StoreId, _settings.Life.OpenCounter, isAccepted, Phase);
}
