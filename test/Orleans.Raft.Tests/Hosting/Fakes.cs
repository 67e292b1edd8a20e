using System.Collections.Concurrent;
using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Tests.Hosting;

/// <summary>Time that moves when told to.</summary>
internal sealed class ManualClock : IReplicaClock
{
    public TimeSpan Now { get; private set; } = TimeSpan.FromHours(1);

    public void Advance(double milliseconds) => Now += TimeSpan.FromMilliseconds(milliseconds);
}

/// <summary>Runs what is posted when told to.</summary>
internal sealed class ManualScheduler : IReplicaScheduler
{
    private readonly Queue<(Action<object?> Action, object? State)> _work = new();

    public void Post(Action<object?> action, object? state) => _work.Enqueue((action, state));

    /// <summary>Runs everything, and what that posts, to the end.</summary>
    public void Run()
    {
        while (_work.TryDequeue(out var work))
        {
            work.Action(work.State);
        }
    }
}

/// <summary>Keeps batches until the test lets them through, in whatever order, or loses them.</summary>
internal sealed class HeldTransport : ILaneTransport
{
    public List<(string Peer, byte[] Batch, TaskCompletionSource<LaneAck> Answer)> Held { get; } = [];

    public Task<LaneAck> SendAsync(string peer, byte[] batch)
    {
        var answer = new TaskCompletionSource<LaneAck>();
        Held.Add((peer, batch, answer));
        return answer.Task;
    }

    public (byte[] Batch, TaskCompletionSource<LaneAck> Answer) Take(int index = 0)
    {
        var (_, batch, answer) = Held[index];
        Held.RemoveAt(index);
        return (batch, answer);
    }
}

/// <summary>Writes down what a lane says and delivers.</summary>
internal sealed class LaneRecorder : ILaneEvents, ILaneSink
{
    public List<string> Events { get; } = [];

    public List<long> Delivered { get; } = [];

    public List<DropReason> Refusals { get; } = [];

    public void PeerUnreachable(string peer) => Events.Add($"{peer} unreachable");

    public void PeerReached(string peer, StoreIdentity life) => Events.Add($"{peer} reached {life.OpenCounter}");

    public void SendFailed(string peer, Exception exception) => Events.Add($"{peer} failed");

    public void Deliver(string peer, in LaneItem item) => Delivered.Add(item.ReadMessage().Index);

    public void Speaks(string peer, Guid process) => Events.Add($"{peer} speaks {process.ToString()[..8]}");

    public void Refused(string peer, DropReason reason, string detail) => Refusals.Add(reason);
}

/// <summary>Two lives and the settings of their lanes.</summary>
internal static class Lanes
{
    public static readonly StoreIdentity Here = new(new Guid(1, 0, 0, new byte[8]), 5);
    public static readonly StoreIdentity There = new(new Guid(2, 0, 0, new byte[8]), 7);

    private static readonly ConcurrentDictionary<int, byte[]> Zeros = new();

    public static LaneSettings Settings(StoreIdentity life, string name) => new()
    {
        Header = new LaneHeader(LaneCodec.ProtocolVersion, Guid.Empty, name, life.StoreId, life.OpenCounter, Guid.Empty, 0, 0, 0),
        Deadline = TimeSpan.FromMilliseconds(500),
        BeatInterval = TimeSpan.FromMilliseconds(50),
        WindowBytes = 10_000,
        MaxBatchBytes = 4_000,
    };

    public static LaneFrame Part(int group, byte[] bytes) => LaneFrame.Of(
        new LaneItem("g", group, 1, new ReplicaId(1), new ReplicaId(2), default, default), LaneItemKind.SnapshotPart, bytes);

    public static LaneFrame Frame(long index, int bytes = 0, StoreIdentity toLife = default, int group = 0)
    {
        var addresses = new LaneItem(
            "g",
            group,
            1,
            new ReplicaId(1),
            new ReplicaId(2),
            new ReplicaLife(Here.StoreId, Here.OpenCounter, 1),
            toLife.IsDefault ? default : new ReplicaLife(toLife.StoreId, toLife.OpenCounter, 1));
        Entry[] entries = bytes == 0 ? [] : [new Entry(1, index + 1, EntryType.EntryNormal, Zeros.GetOrAdd(bytes, static size => new byte[size]))];
        return LaneFrame.Of(addresses, new Message
        {
            Type = MessageType.MsgApp,
            From = new ReplicaId(1),
            To = new ReplicaId(2),
            Term = 1,
            Index = index,
            Entries = entries,
        });
    }

    public static LaneAck Ack(StoreIdentity life, bool isAccepted = true, SiloPhase phase = SiloPhase.Running) =>
        new(life.StoreId, life.OpenCounter, isAccepted, phase);
}
