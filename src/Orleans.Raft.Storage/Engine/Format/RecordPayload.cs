using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Engine;

/// <summary>Payloads of the records that are not entries: fixed-width numbers, little-endian.</summary>
internal static class RecordPayload
{
    public const int VoteSize = 8;
    public const int RangeSize = 16;

    public static int SizeOf(ConfState state) =>
        17 + (8 * (state.Voters.Length + state.VotersOutgoing.Length + state.Learners.Length + state.LearnersNext.Length));

    /// <summary>Size of a reset's payload: the generation before the configuration.</summary>
    public static int SizeOfReset(ConfState state) => 8 + SizeOf(state);

    /// <summary>Size of a name's payload: number, then the UTF-8 name.</summary>
    public static int SizeOf(RaftGroupId group) => 4 + Encoding.UTF8.GetByteCount(group.Name);

    public static void Write(Span<byte> into, ConfState state)
    {
        into[0] = state.AutoLeave ? (byte)1 : (byte)0;
        var offset = 1;
        WriteIds(into, ref offset, state.Voters);
        WriteIds(into, ref offset, state.VotersOutgoing);
        WriteIds(into, ref offset, state.Learners);
        WriteIds(into, ref offset, state.LearnersNext);
    }

    public static void WriteReset(Span<byte> into, long generation, ConfState state)
    {
        BinaryPrimitives.WriteInt64LittleEndian(into, generation);
        Write(into[8..], state);
    }

    public static void Write(Span<byte> into, RaftGroupId group)
    {
        BinaryPrimitives.WriteInt32LittleEndian(into, group.Index);
        Encoding.UTF8.GetBytes(group.Name, into[4..]);
    }

    public static ConfState ReadConfState(ReadOnlySpan<byte> bytes)
    {
        var offset = 1;
        return new ConfState
        {
            AutoLeave = bytes[0] != 0,
            Voters = ReadIds(bytes, ref offset),
            VotersOutgoing = ReadIds(bytes, ref offset),
            Learners = ReadIds(bytes, ref offset),
            LearnersNext = ReadIds(bytes, ref offset),
        };
    }

    public static (long Generation, ConfState State) ReadReset(ReadOnlySpan<byte> bytes) =>
        (BinaryPrimitives.ReadInt64LittleEndian(bytes), ReadConfState(bytes[8..]));

    public static RaftGroupId ReadGroup(ReadOnlySpan<byte> bytes) =>
        new(Encoding.UTF8.GetString(bytes[4..]), BinaryPrimitives.ReadInt32LittleEndian(bytes));

    private static void WriteIds(Span<byte> into, ref int offset, ImmutableArray<ReplicaId> ids)
    {
        BinaryPrimitives.WriteInt32LittleEndian(into[offset..], ids.Length);
        offset += 4;
        foreach (var id in ids)
        {
            BinaryPrimitives.WriteInt64LittleEndian(into[offset..], id.Value);
            offset += 8;
        }
    }

    private static ImmutableArray<ReplicaId> ReadIds(ReadOnlySpan<byte> bytes, ref int offset)
    {
        var ids = ImmutableArray.CreateBuilder<ReplicaId>(BinaryPrimitives.ReadInt32LittleEndian(bytes[offset..]));
        offset += 4;
        for (var i = 0; i < ids.Capacity; i++)
        {
            ids.Add(new ReplicaId(BinaryPrimitives.ReadInt64LittleEndian(bytes[offset..])));
            offset += 8;
        }

        return ids.MoveToImmutable();
    }
}
