using Orleans.Raft.Core;

namespace Orleans.Raft.Simulation;

/// <summary>Everything of one seed: the replicas, what is between them, and who watches.</summary>
internal sealed class SimWorld
{
    /// <summary>The state that every group is born with: a snapshot at this position.</summary>
    public static readonly EntryId Genesis = new(1, 1);

    private readonly SimReplica?[] _replicas = new SimReplica?[SimSettings.MaxReplicas + 1];
    private long _maroonedUntil;
    private long _exchangeIndex = long.MaxValue;
    private readonly bool[] _wereMembers = new bool[SimSettings.MaxReplicas + 1];

    public SimWorld(ulong seed, Story story, SimSwitches switches)
    {
        Random = new SimRandom(seed);
        Settings = new SimSettings(Random, switches);
        Story = story;
        Switches = switches;
        Events = new EventQueue();
        Network = new SimNetwork(Settings, Random, Events);
        Checker = new Checker(this);
        Totals = new SimTotals { Seeds = 1 };
    }

    public SimRandom Random { get; }

    public SimSettings Settings { get; }

    public Story Story { get; }

    public SimSwitches Switches { get; }

    public EventQueue Events { get; }

    public SimNetwork Network { get; }

    public Checker Checker { get; }

    public SimTotals Totals { get; }

    public long Now => Events.Now;

    public bool IsHealed => Network.HealedAt != long.MaxValue;

    /// <summary>All replicas there ever were, by number from 1.</summary>
    public int ReplicaCount { get; private set; }

    /// <summary>Latest configuration that any replica has applied, and where.</summary>
    public ConfState LatestConfig { get; private set; } = ConfState.Empty;

    public long LatestConfigIndex { get; private set; }

    /// <summary>Virtual time at which it was first applied.</summary>
    public long LatestConfigAt { get; private set; }

    /// <summary>Highest operation that was acknowledged.</summary>
    public long LastAcknowledgedOperation { get; private set; }

    /// <summary>A leader that was cut off and doesn't know it yet; clients that don't know either ask it.</summary>
    public SimReplica? Marooned { get; private set; }

    /// <summary>Voters that the latest joint change brings, and those that it takes away.</summary>
    public (IReadOnlySet<ReplicaId> Coming, IReadOnlySet<ReplicaId> Going) Halves { get; private set; } = (new HashSet<ReplicaId>(), new HashSet<ReplicaId>());

    public bool CanAddReplica => ReplicaCount < SimSettings.MaxReplicas;

    public SimReplica Replica(int number) => _replicas[number]!;

    public int LifeOf(int number) => _replicas[number]?.Life ?? 1;

    public void Found()
    {
        Story.Say(0, 0, $"{Settings}");
        var config = ConfState.Of(Enumerable.Range(1, Settings.Members).Select(n => new ReplicaId(n)));
        LatestConfig = config;
        LatestConfigIndex = Genesis.Index;
        Checker.OnGenesis(Genesis, config);
        for (var i = 0; i < Settings.Members; i++)
        {
            var replica = Create();
            replica.StateMachine.Format(Genesis, config);
            replica.Disk.Format(Genesis);
        }

        RememberMembers();

        for (var number = 1; number <= Settings.Members; number++)
        {
            Replica(number).Start();
        }
    }

    /// <summary>A replica with an empty log, known to nobody yet; a configuration change may add it.</summary>
    public SimReplica AddReplica()
    {
        var replica = Create();
        replica.Start();
        return replica;
    }

    public void OnConfigApplied(SimReplica replica, long index, ConfState config)
    {
        Checker.OnConfig(replica, index, config);
        if (index <= LatestConfigIndex)
        {
            return;
        }

        LatestConfigIndex = index;
        LatestConfig = config;
        LatestConfigAt = Now;
        RememberMembers();
        Totals.ConfChanges++;
        if (config.IsJoint && !IsHealed && Random.Chance(300))
        {
            // The most dangerous time to fall apart is when some know of a joint configuration and some don't.
            Halves = (config.Voters.Except(config.VotersOutgoing).ToHashSet(), config.VotersOutgoing.Except(config.Voters).ToHashSet());
            Events.Add(Now + Random.Below(2 * Settings.DelayMax), EventKind.Fault, 0, 0, Blow.SplitJoint);
        }
    }

    /// <summary>A leader has appended a change of several replicas.</summary>
    public void OnExchangeProposed(long index, ConfChangeV2 change)
    {
        _exchangeIndex = index;
        Halves = (Of(ConfChangeType.AddNode), Of(ConfChangeType.RemoveNode).Union(Of(ConfChangeType.AddLearnerNode)).ToHashSet());
        HashSet<ReplicaId> Of(ConfChangeType type) => change.Changes.Where(c => c.Type == type).Select(c => c.Replica).ToHashSet();
    }

    /// <summary>A message has left. Who has just told its vote may die of it.</summary>
    public void OnSent(SimReplica replica, Message message)
    {
        if (message is { Type: MessageType.MsgVoteResp, Reject: false } && !IsHealed && Random.Chance(Settings.ElectionCrashPermille))
        {
            Events.Add(Now + Random.Below(Settings.DiskMax), EventKind.Fault, replica.Number, replica.Life);
        }

        if (message is { Type: MessageType.MsgAppResp, Reject: false } && message.Index >= _exchangeIndex)
        {
            // This answer may commit a joint change at the leader, and the news of it reaches only half of the others.
            _exchangeIndex = long.MaxValue;
            if (!IsHealed && Random.Chance(500))
            {
                Events.Add(Now + Random.Below(Settings.DelayMin), EventKind.Fault, 0, 0, Blow.SplitJoint);
            }
        }
    }

    public void Maroon(SimReplica? leader, long until) => (Marooned, _maroonedUntil) = (leader, until);

    /// <summary>The marooned leader while it is up and cut off, or null.</summary>
    public SimReplica? MaroonedNow() => Marooned is { IsUp: true } && Now < _maroonedUntil ? Marooned : null;

    public void OnSnapshotInstalled() => Totals.Snapshots++;

    public void OnAcknowledged(long operation)
    {
        Totals.Acknowledged++;
        LastAcknowledgedOperation = Math.Max(LastAcknowledgedOperation, operation);
    }

    public bool IsMember(int number) => LatestConfig.Has(new ReplicaId(number));

    /// <summary>True once any applied configuration held the replica.</summary>
    public bool WasMember(int number) => _wereMembers[number];

    /// <summary>True while a removed replica has not been ended.</summary>
    public bool HasRemovedRunning()
    {
        for (var number = 1; number <= ReplicaCount; number++)
        {
            if (_wereMembers[number] && !Replica(number).IsRetired && !IsMember(number))
            {
                return true;
            }
        }

        return false;
    }

    public void FlushAll()
    {
        for (var number = 1; number <= ReplicaCount; number++)
        {
            Replica(number).StateMachine.Flush();
        }
    }

    /// <summary>The running leader of the highest term, as somebody outside would see it.</summary>
    public SimReplica? Leader()
    {
        SimReplica? best = null;
        for (var number = 1; number <= ReplicaCount; number++)
        {
            var replica = Replica(number);
            if (replica.Node is { Role: RaftRole.Leader } node && (best is null || node.Term > best.Node!.Term))
            {
                best = replica;
            }
        }

        return best;
    }

    /// <summary>A replica that is up, or null.</summary>
    public SimReplica? AnyUp()
    {
        for (var attempt = 0; attempt < 8; attempt++)
        {
            var replica = Replica(Random.Between(1, ReplicaCount));
            if (replica.IsUp)
            {
                return replica;
            }
        }

        return null;
    }

    private void RememberMembers()
    {
        for (var number = 1; number <= ReplicaCount; number++)
        {
            _wereMembers[number] |= IsMember(number);
        }
    }

    private SimReplica Create()
    {
        var replica = new SimReplica(this, ++ReplicaCount);
        _replicas[ReplicaCount] = replica;
        return replica;
    }
}
