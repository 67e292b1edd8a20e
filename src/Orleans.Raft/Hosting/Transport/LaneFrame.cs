using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>How a lane treats a frame.</summary>
internal enum LaneClass
{
    /// <summary>Heartbeats, votes, answers, reads: goes first.</summary>
    Control,

    /// <summary>Entries and large requests: counts against the byte window and may be refused.</summary>
    Load,

    /// <summary>A part of a snapshot: on a lane of its own, one at a time, beside the others.</summary>
    Part,
}

/// <summary>One thing to send over a lane.</summary>
internal readonly struct LaneFrame
{
    // Addresses, lives and tags of an item, roughly.
    private const int Overhead = 64;

    // A body above this counts as load, not as control.
    private const int ControlBytes = 4096;

    private LaneFrame(LaneItem item, int size, LaneClass laneClass)
    {
        Item = item;
        Size = size;
        Class = laneClass;
    }

    /// <summary>What is sent.</summary>
    public LaneItem Item { get; }

    /// <summary>Bytes it will take, roughly.</summary>
    public int Size { get; }

    /// <summary>How the lane treats it.</summary>
    public LaneClass Class { get; }

    /// <summary>A frame with a protocol message.</summary>
    public static LaneFrame Of(LaneItem addresses, Message message)
    {
        var size = Overhead;
        foreach (var entry in message.Entries)
        {
            size += entry.Data.Length + 16;
        }

        return new LaneFrame(
            addresses with { Message = message },
            size,
            message.Entries.Count > 0 || message.Snapshot is not null ? LaneClass.Load : LaneClass.Control);
    }

    /// <summary>A frame of a group client or for one.</summary>
    public static LaneFrame Of(LaneItem addresses, LaneItemKind kind, ReadOnlyMemory<byte> body) => new(
        addresses with { Kind = kind, Body = body },
        body.Length + Overhead,
        kind == LaneItemKind.SnapshotPart ? LaneClass.Part : body.Length > ControlBytes ? LaneClass.Load : LaneClass.Control);

    /// <summary>True when the frame is meant for a life of the silo other than this one.</summary>
    public bool IsForAnotherLifeThan(StoreIdentity life) =>
        Item.ToLife.Store != default && (Item.ToLife.Store != life.StoreId || Item.ToLife.OpenCounter != life.OpenCounter);
}
