using Orleans.Raft.Core;

namespace Orleans.Raft.Simulation;

/// <summary>Breaks things: processes, links, disks. What it breaks it also mends after a while, or the healing does.</summary>
internal sealed class Nemesis
{
    private readonly SimWorld _world;
    private readonly (RaftRole Role, long Term)[] _seen = new (RaftRole, long)[SimSettings.MaxReplicas + 1];

    public Nemesis(SimWorld world) => _world = world;

    private SimRandom Random => _world.Random;

    private int ElectionTime => _world.Settings.ElectionTicks * SimSettings.Tick;

    public void Schedule() =>
        _world.Events.Add(_world.Now + Random.Between(1, 2 * _world.Settings.FaultEvery), EventKind.Fault, 0, 0);

    /// <summary>Does some harm: a given blow, which comes on top, or what is drawn.</summary>
    public void Strike(Blow? given)
    {
        if (given is { } blow)
        {
            Strike(blow);
            return;
        }

        var roll = Random.Below(100);
        switch (roll)
        {
            case < 20:
                CrashOne();
                break;
            case < 23:
                PowerCut();
                break;
            case < 30:
                CrashLeader();
                break;
            case < 48:
                Partition();
                break;
            case < 60:
                Maroon();
                break;
            case < 69:
                Unpartition();
                break;
            case < 81:
                StallDisk();
                break;
            case < 92:
                Pause();
                break;
            default:
                ToggleSnapshots();
                break;
        }

        Schedule();
    }

    /// <summary>
    /// Looks whether a replica has just campaigned or was elected, its messages having left: the most dangerous moment to die, since others act on
    /// what it may not remember.
    /// </summary>
    public void AfterStep(SimReplica replica)
    {
        var now = replica.Node is { } node ? (node.Role, node.Term) : default;
        ref var seen = ref _seen[replica.Number];
        if (now == seen)
        {
            return;
        }

        seen = now;
        if (now.Role is RaftRole.Leader && !_world.IsHealed && Random.Chance(150))
        {
            // What its predecessor has left in its log may be a change that is not committed yet.
            _world.Events.Add(_world.Now + Random.Below(SimSettings.Tick), EventKind.Admin, 0, 0, Blow.HurriedChange);
        }

        if (now.Role is not (RaftRole.Candidate or RaftRole.Leader) || _world.IsHealed || !Random.Chance(_world.Settings.ElectionCrashPermille))
        {
            return;
        }

        if (Random.Chance(500))
        {
            Crash(replica);
        }
        else
        {
            // In the middle of the write that makes it durable, or just after it.
            _world.Events.Add(_world.Now + Random.Below(2 * _world.Settings.DiskMax), EventKind.Fault, replica.Number, replica.Life);
        }
    }

    public void Crash(SimReplica replica)
    {
        if (!replica.IsUp || _world.IsHealed)
        {
            return;
        }

        replica.Crash();
        _world.Totals.Crashes++;
        // Some are back before the others have noticed, in the term in which they died.
        var outage = Random.Chance(300) ? SimSettings.Tick : 3 * ElectionTime;
        _world.Events.Add(_world.Now + Random.Between(SimSettings.Tick / 10, outage), EventKind.Restart, replica.Number, 0);
    }

    /// <summary>No more faults: all links are up, all disks fast, all processes run but those that were removed. Pauses and stalls that have begun end by themselves.</summary>
    /// <returns>When the last of them is over, which is the end of the last fault.</returns>
    public long Heal()
    {
        var over = _world.Now;
        _world.Network.Heal();
        _world.Story.Say(_world.Now, 0, $"HEALED: no more faults; latest configuration {_world.LatestConfig}");
        for (var number = 1; number <= _world.ReplicaCount; number++)
        {
            var replica = _world.Replica(number);
            replica.Disk.IsSnapshotUnavailable = false;
            if (!replica.IsUp && !replica.IsRetired)
            {
                replica.Start();
            }

            over = Math.Max(over, Math.Max(replica.PausedUntil, replica.Disk.StalledUntil));
            replica.Drain();
        }

        return over;
    }

    private void CrashOne()
    {
        if (_world.AnyUp() is { } replica)
        {
            Crash(replica);
        }
    }

    private void CrashLeader()
    {
        if (_world.Leader() is { } leader)
        {
            Crash(leader);
        }
    }

    private void PowerCut()
    {
        _world.Story.Say(_world.Now, 0, $"POWER CUT");
        for (var number = 1; number <= _world.ReplicaCount; number++)
        {
            Crash(_world.Replica(number));
        }
    }

    private void Partition()
    {
        _world.Totals.Partitions++;
        _world.Network.UnblockAll();
        switch (Random.Below(4))
        {
            case 0:
                Split();
                break;
            case 1:
                Isolate(_world.Leader() ?? _world.AnyUp(), Random.Below(3));
                break;
            case 2:
                Isolate(_world.AnyUp(), Random.Below(3));
                break;
            default:
                Scatter();
                break;
        }
    }

    private void Strike(Blow blow)
    {
        switch (blow)
        {
            case Blow.Maroon:
                Maroon();
                break;
            case Blow.SplitJoint:
                SplitJoint();
                break;
            case Blow.HurriedChange:
            case Blow.HurriedCampaign:
                break;
        }
    }

    /// <summary>
    /// The leader is cut off, alone or with one other, perhaps stopped for a while in which the others elect another one; clients go on asking it. What it
    /// answers then it must not have from a lease that is over, nor from answers to what it asked before.
    /// </summary>
    private void Maroon()
    {
        if (_world.Leader() is not { } leader)
        {
            Partition();
            return;
        }

        _world.Totals.Partitions++;
        _world.Network.UnblockAll();
        var mate = Random.Chance(300) ? Random.Between(1, _world.ReplicaCount) : leader.Number;
        var isDeafOnly = Random.Chance(300);
        _world.Story.Say(_world.Now, leader.Number, $"MAROONED{(mate == leader.Number ? "" : $" with r{mate}")}{(isDeafOnly ? ", deaf only" : "")}");
        bool IsAboard(int number) => number == leader.Number || number == mate;
        BlockWhere((from, to) => IsAboard(from) != IsAboard(to) && (!isDeafOnly || IsAboard(to)));
        if (Random.Chance(500) && !leader.IsPaused)
        {
            _world.Totals.Pauses++;
            leader.Pause(_world.Now + Random.Between(ElectionTime / 2, 3 * ElectionTime));
        }

        for (var i = Random.Chance(400) ? 4 : 0; i > 0; i--)
        {
            _world.Events.Add(_world.Now + Random.Below(ElectionTime), EventKind.Admin, 0, 0, Blow.HurriedCampaign);
        }

        _world.Maroon(leader, _world.Now + Random.Between(2 * ElectionTime, 4 * ElectionTime));
    }

    /// <summary>The halves of a joint configuration lose sight of each other; who belongs to both is on either side.</summary>
    private void SplitJoint()
    {
        var (coming, going) = _world.Halves;
        _world.Totals.Partitions++;
        _world.Network.UnblockAll();
        var side = Random.Next();
        for (var number = 1; number <= _world.ReplicaCount; number++)
        {
            var id = new ReplicaId(number);
            side = coming.Contains(id) ? side | (1UL << number) : going.Contains(id) ? side & ~(1UL << number) : side;
        }

        _world.Story.Say(_world.Now, 0, $"JOINT HALVES PART: {Side(side, 0)} | {Side(side, 1)}");
        BlockWhere((from, to) => Bit(side, from) != Bit(side, to));
        _world.Maroon(_world.Leader(), _world.Now + Random.Between(2 * ElectionTime, 4 * ElectionTime));
    }

    private void Unpartition()
    {
        _world.Story.Say(_world.Now, 0, $"all links up");
        _world.Network.UnblockAll();
    }

    /// <summary>Two halves that don't hear each other.</summary>
    private void Split()
    {
        var side = Random.Next();
        _world.Story.Say(_world.Now, 0, $"PARTITION: {Side(side, 0)} | {Side(side, 1)}");
        BlockWhere((from, to) => Bit(side, from) != Bit(side, to));
    }

    /// <summary>One replica cut off: wholly, or deaf, or mute.</summary>
    private void Isolate(SimReplica? replica, int direction)
    {
        if (replica is null)
        {
            return;
        }

        var number = replica.Number;
        _world.Story.Say(_world.Now, number, $"ISOLATED: {(direction == 0 ? "cut off" : direction == 1 ? "mute" : "deaf")}");
        BlockWhere((from, to) => (direction != 2 && from == number) || (direction != 1 && to == number));
    }

    /// <summary>Each direction of each link fails by itself.</summary>
    private void Scatter()
    {
        var permille = Random.Between(100, 600);
        _world.Story.Say(_world.Now, 0, $"SCATTERED: {permille / 10} % of all directions are down");
        BlockWhere((_, _) => Random.Chance(permille));
    }

    private void BlockWhere(Func<int, int, bool> isBlocked)
    {
        for (var from = 1; from <= _world.ReplicaCount; from++)
        {
            for (var to = 1; to <= _world.ReplicaCount; to++)
            {
                if (from != to && isBlocked(from, to))
                {
                    _world.Network.Block(from, to);
                }
            }
        }
    }

    private void StallDisk()
    {
        if (_world.AnyUp() is { } replica)
        {
            _world.Totals.Stalls++;
            // Some for so long that leaders come and go meanwhile, and what they sent waits for the disk behind each other.
            replica.Disk.StalledUntil = _world.Now + Random.Between(SimSettings.Tick, (Random.Chance(300) ? 6 : 2) * ElectionTime);
            _world.Story.Say(_world.Now, replica.Number, $"disk STALLED until {replica.Disk.StalledUntil / 1000.0:F1} ms");
        }
    }

    private void Pause()
    {
        var replica = Random.Chance(500) ? _world.Leader() ?? _world.AnyUp() : _world.AnyUp();
        if (replica is { IsPaused: false })
        {
            _world.Totals.Pauses++;
            replica.Pause(_world.Now + Random.Between(SimSettings.Tick, 3 * ElectionTime));
        }
    }

    private void ToggleSnapshots()
    {
        if (_world.AnyUp() is { } replica)
        {
            replica.Disk.IsSnapshotUnavailable = !replica.Disk.IsSnapshotUnavailable;
            _world.Story.Say(_world.Now, replica.Number, $"snapshots {(replica.Disk.IsSnapshotUnavailable ? "can't" : "can")} be had");
        }
    }

    private string Side(ulong side, int bit) =>
        string.Join(' ', Enumerable.Range(1, _world.ReplicaCount).Where(n => Bit(side, n) == bit).Select(n => $"r{n}"));

    private static int Bit(ulong side, int number) => (int)((side >> number) & 1);
}
