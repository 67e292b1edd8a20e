using Orleans.Raft.Core;

namespace Orleans.Raft.Simulation;

/// <summary>A message on its way, with the lives it was meant to pass between (SAFETY-RULES A8).</summary>
/// <param name="Message">The message; null in the notice by which a lane tells its other end which life answers there.</param>
/// <param name="From">Sender.</param>
/// <param name="To">Addressee.</param>
/// <param name="FromLife">Sender's life.</param>
/// <param name="ToLife">Life of the addressee that the sender knew; 0 when it knew none.</param>
/// <param name="SentAt">Virtual time of the sending.</param>
internal sealed record Envelope(Message? Message, int From, int To, int FromLife, int ToLife, long SentAt);

/// <summary>The links between the replicas: each direction is up or down by itself, and what passes may be lost, late, doubled or overtaken.</summary>
internal sealed class SimNetwork
{
    /// <summary>The same for all, so that nothing overtakes.</summary>
    private const int HealedDelay = SimSettings.Tick / 40;

    private readonly SimSettings _settings;
    private readonly SimRandom _random;
    private readonly EventQueue _events;
    private readonly bool[] _blocked = new bool[(SimSettings.MaxReplicas + 1) * (SimSettings.MaxReplicas + 1)];

    public SimNetwork(SimSettings settings, SimRandom random, EventQueue events)
    {
        _settings = settings;
        _random = random;
        _events = events;
    }

    /// <summary>Virtual time of the healing: from then on every link is up, fast, reliable and in order.</summary>
    public long HealedAt { get; private set; } = long.MaxValue;

    public bool IsBlocked(int from, int to) => _blocked[Link(from, to)];

    public void Block(int from, int to) => _blocked[Link(from, to)] = true;

    public void UnblockAll() => Array.Clear(_blocked);

    public void Heal()
    {
        UnblockAll();
        HealedAt = _events.Now;
    }

    /// <summary>Sends, and tells whether the message will arrive. Snapshots are told from the rest, because their sender hears what became of them.</summary>
    public bool Send(Envelope envelope)
    {
        if (HealedAt != long.MaxValue)
        {
            Arrive(envelope, HealedDelay);
            return true;
        }

        if (IsBlocked(envelope.From, envelope.To) || _random.Chance(_settings.DropPermille))
        {
            return false;
        }

        Arrive(envelope, Delay());
        if (_random.Chance(_settings.DuplicatePermille))
        {
            Arrive(envelope, Delay() + _random.Below(SimSettings.Tick * 2));
        }

        return true;
    }

    private void Arrive(Envelope envelope, int delay) => _events.Add(_events.Now + delay, EventKind.Deliver, envelope.To, 0, envelope);

    private int Delay() => _random.Chance(_settings.LatePermille)
        ? _random.Below(2 * _settings.ElectionTicks * SimSettings.Tick)
        : _random.Between(_settings.DelayMin, _settings.DelayMax);

    private static int Link(int from, int to) => (from * (SimSettings.MaxReplicas + 1)) + to;
}
