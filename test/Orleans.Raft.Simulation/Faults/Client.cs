namespace Orleans.Raft.Simulation;

/// <summary>A client that writes and reads through any replica, and holds the group to what it was told.</summary>
internal sealed class Client
{
    private readonly SimWorld _world;
    private long _operations;

    public Client(SimWorld world) => _world = world;

    /// <summary>First operation that was asked after the healing.</summary>
    public long FirstOperationAfterHealing { get; private set; } = long.MaxValue;

    private SimRandom Random => _world.Random;

    public void Schedule()
    {
        var delay = _world.IsHealed ? SimSettings.Tick / 2 : Random.Between(1, 2 * _world.Settings.ClientEvery);
        _world.Events.Add(_world.Now + delay, EventKind.Client, 0, 0);
    }

    /// <summary>Sends a request, which arrives at the replica as an event of its own: later, if the process is paused.</summary>
    public void Act()
    {
        Schedule();
        var target = Random.Chance(_world.IsHealed ? 900 : 650) ? _world.Leader() ?? _world.AnyUp() : _world.AnyUp();
        var marooned = _world.IsHealed || !Random.Chance(500) ? null : _world.MaroonedNow();
        target = marooned ?? target;
        if (target is null)
        {
            return;
        }

        var bursts = Random.Chance(900) ? 1 : Random.Between(2, 12);
        for (var i = 0; i < bursts; i++)
        {
            _world.Totals.Operations++;
            _operations++;
            if (_world.IsHealed)
            {
                FirstOperationAfterHealing = Math.Min(FirstOperationAfterHealing, _operations);
            }

            // What a leader takes while it is cut off is the longer tail that its successors must replace.
            var request = Random.Chance(marooned is null ? 600 : 350)
                ? new ClientRequest(_operations, Random.Chance(900) ? Random.Below(32) : Random.Below(400), 0)
                : new ClientRequest(0, 0, _world.Checker.Floor);
            _world.Events.Add(Math.Max(_world.Now, target.PausedUntil), EventKind.Client, target.Number, target.Life, request with { AskedAt = _world.Now });
        }
    }

    public void Arrive(SimReplica replica, ClientRequest request)
    {
        if (request.Operation > 0)
        {
            replica.Write(request.Operation, request.Padding);
        }
        else
        {
            replica.Read(request.Floor, request.AskedAt);
        }
    }
}

/// <summary>A write (operation above 0) or a read with what it must see.</summary>
internal sealed record ClientRequest(long Operation, int Padding, long Floor)
{
    public long AskedAt { get; init; }
}
