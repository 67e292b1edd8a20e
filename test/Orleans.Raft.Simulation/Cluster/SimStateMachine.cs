using System.Buffers.Binary;
using Orleans.Raft.Core;

namespace Orleans.Raft.Simulation;

/// <summary>Applied state: a digest of everything applied, and the configuration, as of one position.</summary>
internal sealed record AppliedState(EntryId Id, ulong Chain, ConfState Config);

/// <summary>
/// The state store of one replica. Its flushes lag behind, as a store without a log of its own does: a crash throws it back to
/// the last flush, and the entries after it are applied again from the log.
/// </summary>
internal sealed class SimStateMachine
{
    public SimStateMachine() => Current = Durable = new AppliedState(default, 0, ConfState.Empty);

    public AppliedState Current { get; private set; }

    public AppliedState Durable { get; private set; }

    public void Format(EntryId genesis, ConfState config) => Current = Durable = new AppliedState(genesis, 0, config);

    public void Apply(in Entry entry, ConfState? config) =>
        Current = new AppliedState(entry.Id, Digest.Chain(Current.Chain, entry.Id, Digest.Of(entry)), config ?? Current.Config);

    public void Flush() => Durable = Current;

    public void Crash() => Current = Durable;

    public Snapshot TakeSnapshot()
    {
        var data = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(data, Current.Chain);
        return new Snapshot(Current.Id, Current.Config, data);
    }

    public void Restore(Snapshot snapshot)
    {
        if (snapshot.Id.Index <= Current.Id.Index)
        {
            throw new SimViolationException(
                "a snapshot never goes back", $"snapshot {snapshot.Id} installed over state applied up to {Current.Id}");
        }

        Current = Durable = new AppliedState(snapshot.Id, ChainOf(snapshot), snapshot.ConfState);
    }

    public static ulong ChainOf(Snapshot snapshot) => BinaryPrimitives.ReadUInt64LittleEndian(snapshot.Data.Span);
}

/// <summary>Digests of entries, to compare logs and states by one number.</summary>
internal static class Digest
{
    public static ulong Of(in Entry entry)
    {
        var data = entry.Data.Span;
        var hash = Mix((ulong)entry.Type + ((ulong)data.Length << 8));
        for (; data.Length >= 8; data = data[8..])
        {
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(data));
        }

        foreach (var b in data)
        {
            hash = Mix(hash ^ b);
        }

        return hash;
    }

    public static ulong Chain(ulong before, in EntryId id, ulong digest) =>
        Mix(before ^ digest) ^ Mix((ulong)id.Index + ((ulong)id.Term << 40));

    private static ulong Mix(ulong value)
    {
        value = unchecked((value ^ (value >> 32)) * 0xD6E8FEB86659FD93);
        return value ^ (value >> 29);
    }
}
