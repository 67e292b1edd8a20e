using System.Buffers;
using System.Buffers.Binary;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Orleans.Raft.Tests.Shared;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

/// <summary>Adds numbers; answers with the sum. Applying a command twice shows.</summary>
internal sealed class SumMachine : ISnapshotStateMachine
{
    public long Sum { get; private set; }

    public int Applied { get; private set; }

    public ReadOnlyMemory<byte> Apply(CommandPosition position, ReadOnlyMemory<byte> command)
    {
        var number = BinaryPrimitives.ReadInt64LittleEndian(command.Span);
        if (number == long.MinValue)
        {
            throw new InvalidOperationException("poison");
        }

        Applied++;
        Sum += number;
        return Bytes(Sum);
    }

    public ReadOnlyMemory<byte> Query(ReadOnlyMemory<byte> query) => Bytes(Sum);

    public void Snapshot(IBufferWriter<byte> output) => output.Write(Bytes(Sum));

    public void Restore(ReadOnlySequence<byte> snapshot) => Sum = Number(snapshot.ToArray());

    public static byte[] Bytes(long number)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        return bytes;
    }

    public static long Number(ReadOnlyMemory<byte> bytes) => BinaryPrimitives.ReadInt64LittleEndian(bytes.Span);
}

/// <summary>The same with the sum in a row.</summary>
internal sealed class StoredSumMachine : IStoredStateMachine
{
    private static readonly byte[] Key = [1];

    public ReadOnlyMemory<byte> Apply(IStateRows rows, CommandPosition position, ReadOnlyMemory<byte> command)
    {
        var sum = (rows.Get(Key) is { } stored ? SumMachine.Number(stored) : 0) + SumMachine.Number(command);
        rows.Put(Key, SumMachine.Bytes(sum));
        return SumMachine.Bytes(sum);
    }

    public ReadOnlyMemory<byte> Query(IStateReader rows, ReadOnlyMemory<byte> query) => rows.Get(Key) ?? SumMachine.Bytes(0);
}

/// <summary>Three silos with one group, without Orleans: real replicas, clients and codecs; time, order and loss are the test's.</summary>
internal sealed class MiniCluster
{
    private readonly ManualClock _clock = new();
    private readonly ManualScheduler _scheduler = new();
    private readonly GroupDescriptor _group = new(
        new RaftGroupId("sum", 0), 77, [.. Enumerable.Range(1, 3).Select(i => new GroupMember(new ReplicaId(i), $"s{i}"))]);
    private readonly Queue<(int From, int To, LaneItem Item)> _network = new();
    private readonly TickSlot[] _slots = new TickSlot[4];

    private readonly bool _isStored;
    private readonly RaftMetrics _metrics;

    private readonly int _sleepAfterTicks;
    private readonly TimeSpan _votePromise;
    private readonly int _seed;
    private readonly Func<int, object>? _machine;

    /// <summary>Starts three silos.</summary>
    /// <param name="votePromise">How long followers promise not to vote; with it, reads are answered by lease.</param>
    /// <param name="seed">Draws other election timeouts.</param>
    /// <param name="machine">Makes each silo's state machine; one of the usual two without it.</param>
    public MiniCluster(bool isStored = false, RaftMetrics? metrics = null, int sleepAfterTicks = 0, TimeSpan votePromise = default, int seed = 0,
        Func<int, object>? machine = null)
    {
        _machine = machine;
        _votePromise = votePromise;
        _seed = seed;
        _sleepAfterTicks = sleepAfterTicks;
        _isStored = isStored;
        _metrics = metrics ?? RaftMetrics.Unobserved;
        for (var silo = 1; silo <= 3; silo++)
        {
            Stores[silo] = new MemoryLogStore();
            Disks[silo] = new GatedLogStore(Stores[silo]);
            States[silo] = new MemoryStateStore();
            Start(silo);
        }
    }

    public MemoryLogStore[] Stores { get; } = new MemoryLogStore[4];

    /// <summary>The stores as the silos have them: they can hang.</summary>
    public GatedLogStore[] Disks { get; } = new GatedLogStore[4];

    public MemoryStateStore[] States { get; } = new MemoryStateStore[4];

    public GroupRuntime[] Silos { get; } = new GroupRuntime[4];

    /// <summary>Silos whose group is ticked.</summary>
    public int TickedCount => _slots.Sum(slot => slot?.TickedCount ?? 0);

    /// <summary>Present life of each silo's replica.</summary>
    public ReplicaLife[] Lives { get; } = new ReplicaLife[4];

    public SumMachine[] Machines { get; } = new SumMachine[4];

    /// <summary>Says of each item whether it gets through.</summary>
    public Func<int, int, LaneItem, bool> Passes { get; set; } = (_, _, _) => true;

    /// <summary>What the network makes of an item.</summary>
    public Func<LaneItem, LaneItem> Changes { get; set; } = item => item;

    public int? Leader
    {
        get
        {
            for (var silo = 1; silo <= 3; silo++)
            {
                if (Passes(silo, silo % 3 + 1, default) && Silos[silo].Replica!.Fault is null && Ask(silo, node => node.Role) == RaftRole.Leader)
                {
                    return silo;
                }
            }

            return null;
        }
    }

    /// <summary>The scheduler on which replicas start.</summary>
    public IReplicaScheduler Endpoint => _scheduler;

    /// <summary>Silos that do not answer on their lanes, as lanes would say.</summary>
    public HashSet<string> Silent { get; } = [];

    /// <summary>Items handed to the network so far.</summary>
    public int SentCount { get; private set; }

    /// <summary>True while all replicas sleep.</summary>
    public bool IsAsleep => Silos.Skip(1).All(silo => silo.Replica!.IsAsleep || Silent.Contains($"s{silo.Local.Value}"));

    /// <summary>Cuts a silo off, and no lane notices.</summary>
    public void Cut(int silo) => Passes = (from, to, _) => from != silo && to != silo;

    /// <summary>Cuts a silo off, as when its process ends; the others' lanes notice.</summary>
    public void Lose(int silo)
    {
        Cut(silo);
        Silent.Add($"s{silo}");
        foreach (var other in Silos.Skip(1).Where(other => other.Local.Value != silo))
        {
            other.Replica!.PostSiloChanged($"s{silo}", isLost: true);
        }
    }

    /// <summary>A silo that was cut off answers again.</summary>
    public void Find(int silo)
    {
        Passes = (_, _, _) => true;
        Silent.Clear();
        foreach (var other in Silos.Skip(1).Where(other => other.Local.Value != silo))
        {
            other.Replica!.PostSiloChanged($"s{silo}", isLost: false);
        }

        Settle();
    }

    public T Ask<T>(int silo, Func<RaftNode, T> question)
    {
        var answer = Silos[silo].Replica!.AskAsync(question);
        Settle();
        return answer.IsCompletedSuccessfully ? answer.Result : throw new InvalidOperationException($"s{silo} does not answer");
    }

    public Task<long> AddAsync(int silo, long number) => NumberOf(Silos[silo].Client.ProposeAsync(SumMachine.Bytes(number), CancellationToken.None));

    public Task<long> ReadAsync(int silo) => NumberOf(Silos[silo].Client.ReadAsync(default, CancellationToken.None));

    /// <summary>Lets time pass until the task ends.</summary>
    public T Finish<T>(Task<T> task, int maxTicks = 2_000)
    {
        Settle();
        for (var tick = 0; tick < maxTicks && !task.IsCompleted; tick++)
        {
            Tick();

            // Answers continue on the thread pool; time must not run away from it.
            SpinWait.SpinUntil(() => task.IsCompleted, TimeSpan.FromMilliseconds(1));
        }

        SpinWait.SpinUntil(() => task.IsCompleted, TimeSpan.FromSeconds(10));
        Assert.True(task.IsCompleted, $"no end after {maxTicks} ticks");
        return task.GetAwaiter().GetResult();
    }

    public void TickUntil(Func<bool> condition, int maxTicks = 2_000)
    {
        for (var tick = 0; tick < maxTicks && !condition(); tick++)
        {
            Tick();

            // What goes on on the thread pool needs real time; ticks must not run away from it.
            Thread.Yield();
            if (tick > 200)
            {
                SpinWait.SpinUntil(condition, TimeSpan.FromMilliseconds(1));
            }
        }

        Assert.True(condition(), $"not so after {maxTicks} ticks");
    }

    /// <summary>Time passes, and nobody is told.</summary>
    public void Advance(TimeSpan time) => _clock.Advance(time.TotalMilliseconds);

    public void Tick()
    {
        _clock.Advance(50);
        for (var silo = 1; silo <= 3; silo++)
        {
            _slots[silo].Tick();
        }

        Settle();
    }

    /// <summary>The silo's process ends and starts again on the same store.</summary>
    public void Restart(int silo)
    {
        Silos[silo].Replica!.PostStop();
        Settle();
        Start(silo);
    }

    /// <summary>Saves the state and cuts the log.</summary>
    public long Compact(int silo)
    {
        var saved = Silos[silo].Replica!.SaveAsync();
        Settle();
        SpinWait.SpinUntil(() => saved.IsCompleted, TimeSpan.FromSeconds(10));
        Assert.True(saved.IsCompletedSuccessfully && saved.Result);
        Silos[silo].Replica!.PostCompact();
        SpinWait.SpinUntil(
            () =>
            {
                Settle();
                return Silos[silo].Replica!.CompactableEntries <= 0;
            },
            TimeSpan.FromSeconds(10));
        return Silos[silo].Replica!.CompactableEntries;
    }

    public void Settle()
    {
        do
        {
            _scheduler.Run();
            while (_network.TryDequeue(out var sent))
            {
                if (Passes(sent.From, sent.To, sent.Item))
                {
                    Receive(sent.From, sent.To, Changes(sent.Item));
                }
            }

            _scheduler.Run();
        }
        while (_network.Count > 0);
    }

    public void Receive(int from, int to, LaneItem item)
    {
        if (item.To.IsNone)
        {
            Silos[to].Receive(item);
        }
        else
        {
            Silos[to].Replica!.Post(new ReplicaWork(ReplicaWorkKind.Item, Silo: $"s{from}", Item: item));
        }
    }

    private static async Task<long> NumberOf(Task<ReadOnlyMemory<byte>> answer) => SumMachine.Number(await answer);

    /// <summary>Opens the silo's store and starts a replica on it, whatever became of the one before.</summary>
    public void Start(int silo)
    {
        var life = new StoreIdentity(new Guid(silo, 0, 0, new byte[8]), (Silos[silo]?.Replica is null ? 0 : 1) + 1);
        var outlet = new Outlet(this, silo);
        var clientSettings = new GroupClientSettings { Silo = $"s{silo}", Metrics = _metrics };
        var runtime = new GroupRuntime(_group, clientSettings, outlet, life, _scheduler, _clock);
        var log = Stores[silo].OpenAsync(_group.Id, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        if (log.Reader.InitialState.ConfState.Voters.IsEmpty)
        {
            var birth = new WriteBatch();
            birth.SetConfState(log, ConfState.Of(_group.Members.Select(member => member.Replica)));
            Stores[silo].WriteAsync(birth).AsTask().GetAwaiter().GetResult();
        }

        Lives[silo] = new ReplicaLife(life.StoreId, life.OpenCounter, log.Owner);
        Machines[silo] = new SumMachine();
        runtime.Replica = new Replica(
            new ReplicaSettings
            {
                Group = _group,
                Node = new RaftConfig
                {
                    Id = new ReplicaId(silo),
                    ElectionTicks = 10,
                    PreVote = true,
                    CheckQuorum = true,
                    AsyncStorageWrites = true,
                    VoteRequestsWaitForDisk = true,
                    DisableProposalForwarding = true,
                    ElectionSeed = (ulong)((3 * _seed) + silo),
                    VotePromise = _votePromise,
                    ReadOnlyOption = _votePromise > TimeSpan.Zero ? ReadOnlyOption.LeaseBased : ReadOnlyOption.Safe,
                },
                Silo = $"s{silo}",
                Life = life,
                Store = Disks[silo],
                Log = log,
                State = ReplicaState.Of(_machine?.Invoke(silo) ?? (_isStored ? new StoredSumMachine() : Machines[silo]), States[silo], log.Generation),
                StateStore = States[silo],
                TailEntries = 2,
                FirstReadContext = 1000 * silo * life.OpenCounter,
                Metrics = _metrics,
                SleepAfterTicks = _sleepAfterTicks,
                IsAlive = peer => !Silent.Contains(peer),
            },
            outlet,
            _clock,
            _scheduler,
            runtime.Client,
            NullLogger.Instance);
        Silos[silo] = runtime;
        _slots[silo] = new TickSlot();
        _slots[silo].Add(runtime);
    }

    private sealed class Outlet(MiniCluster cluster, int silo) : IReplicaOutlet
    {
        public bool TrySend(string to, in LaneFrame frame)
        {
            // Through the codec, so that nothing gets across that the bytes don't say.
            var header = new LaneHeader(
                LaneCodec.ProtocolVersion, Guid.Empty, $"s{silo}", new Guid(silo, 0, 0, new byte[8]), 1, new Guid(9, 9, 9, new byte[8]), 1, 1, 1);
            var item = LaneCodec.Read(LaneCodec.Encode(header, [frame.Item])).Items[0];
            cluster.SentCount++;
            cluster._network.Enqueue((silo, to[1] - '0', item));
            return true;
        }

        public void Woke(RaftGroupId group) => cluster.Silos[silo].NeedTicks();
    }
}
