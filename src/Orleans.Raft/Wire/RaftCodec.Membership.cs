using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Orleans.Raft.Core;

namespace Orleans.Raft.Wire;

/// <content>Configurations and their changes.</content>
internal static partial class RaftCodec
{
    private const int VotersField = 1;
    private const int LearnersField = 2;
    private const int VotersOutgoingField = 3;
    private const int LearnersNextField = 4;
    private const int AutoLeaveField = 5;
    private const int ChangeIdField = 1;
    private const int ChangeTypeField = 2;
    private const int ChangeReplicaField = 3;
    private const int ChangeContextField = 4;
    private const int SingleTypeField = 1;
    private const int SingleReplicaField = 2;
    private const int TransitionField = 1;
    private const int ChangesField = 2;
    private const int ContextField = 3;

    /// <summary>Encoded length of a configuration.</summary>
    public static int Size(ConfState state) =>
        Size(state.Voters) + Size(state.Learners) + Size(state.VotersOutgoing) + Size(state.LearnersNext) + 2;

    /// <summary>Writes a configuration.</summary>
    /// <returns>Number of bytes written.</returns>
    public static int Write(ConfState state, Span<byte> output)
    {
        var writer = new WireWriter(output[..Size(state)]);
        Write(ref writer, VotersField, state.Voters);
        Write(ref writer, LearnersField, state.Learners);
        Write(ref writer, VotersOutgoingField, state.VotersOutgoing);
        Write(ref writer, LearnersNextField, state.LearnersNext);
        writer.Number(AutoLeaveField, state.AutoLeave ? 1 : 0);
        return writer.Written;
    }

    /// <summary>Reads a configuration. Whether it makes sense is the reader's caller to judge.</summary>
    /// <exception cref="WireFormatException">The bytes are no configuration.</exception>
    public static ConfState ReadConfState(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "ConfState");
        List<ReplicaId>? voters = null, learners = null, outgoing = null, next = null;
        var autoLeave = false;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case VotersField:
                    ReadIds(ref reader, ref voters);
                    break;
                case LearnersField:
                    ReadIds(ref reader, ref learners);
                    break;
                case VotersOutgoingField:
                    ReadIds(ref reader, ref outgoing);
                    break;
                case LearnersNextField:
                    ReadIds(ref reader, ref next);
                    break;
                case AutoLeaveField:
                    autoLeave = reader.Boolean();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new ConfState
        {
            Voters = ToArray(voters),
            Learners = ToArray(learners),
            VotersOutgoing = ToArray(outgoing),
            LearnersNext = ToArray(next),
            AutoLeave = autoLeave,
        };
    }

    /// <summary>Encodes a single-step change, as the data of an <see cref="EntryType.EntryConfChange"/>.</summary>
    public static byte[] Encode(ConfChange change)
    {
        var size = 2 + WireWriter.NumberFieldSize((long)change.Type) + WireWriter.NumberFieldSize(change.Replica.Value)
            + (change.Context.IsEmpty ? 0 : WireWriter.BytesFieldSize(change.Context.Length));
        var bytes = new byte[size];
        var writer = new WireWriter(bytes);
        writer.Number(ChangeIdField, 0);
        writer.Number(ChangeTypeField, (long)change.Type);
        writer.Number(ChangeReplicaField, change.Replica.Value);
        if (!change.Context.IsEmpty)
        {
            writer.Bytes(ChangeContextField, change.Context.Span);
        }

        return bytes;
    }

    /// <summary>Reads a single-step change.</summary>
    /// <exception cref="WireFormatException">The bytes are no change.</exception>
    public static ConfChange ReadConfChange(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "ConfChange");
        var type = 0;
        var replica = 0L;
        ReadOnlyMemory<byte> context = default;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case ChangeTypeField:
                    type = reader.Number((int)ConfChangeType.AddLearnerNode);
                    break;
                case ChangeReplicaField:
                    replica = reader.Number();
                    break;
                case ChangeContextField:
                    context = reader.Bytes();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new ConfChange((ConfChangeType)type, new ReplicaId(replica), context);
    }

    /// <summary>Encodes a change, as the data of an <see cref="EntryType.EntryConfChangeV2"/>.</summary>
    public static byte[] Encode(ConfChangeV2 change)
    {
        var size = WireWriter.NumberFieldSize((long)change.Transition)
            + (change.Context.IsEmpty ? 0 : WireWriter.BytesFieldSize(change.Context.Length));
        foreach (var single in change.Changes)
        {
            size += WireWriter.BytesFieldSize(Size(single));
        }

        var bytes = new byte[size];
        var writer = new WireWriter(bytes);
        writer.Number(TransitionField, (long)change.Transition);
        foreach (var single in change.Changes)
        {
            writer.Length(ChangesField, Size(single));
            writer.Number(SingleTypeField, (long)single.Type);
            writer.Number(SingleReplicaField, single.Replica.Value);
        }

        if (!change.Context.IsEmpty)
        {
            writer.Bytes(ContextField, change.Context.Span);
        }

        return bytes;
    }

    /// <summary>Reads a change; no bytes are the empty change, which leaves a joint configuration.</summary>
    /// <exception cref="WireFormatException">The bytes are no change.</exception>
    public static ConfChangeV2 ReadConfChangeV2(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "ConfChangeV2");
        var transition = 0;
        List<ConfChangeSingle>? changes = null;
        ReadOnlyMemory<byte> context = default;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case TransitionField:
                    transition = reader.Number((int)ConfChangeTransition.JointExplicit);
                    break;
                case ChangesField:
                    (changes ??= []).Add(ReadSingle(reader.Bytes()));
                    break;
                case ContextField:
                    context = reader.Bytes();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new ConfChangeV2
        {
            Transition = (ConfChangeTransition)transition,
            Changes = changes is null ? [] : [.. changes],
            Context = context,
        };
    }

    private static int Size(in ConfChangeSingle single) =>
        WireWriter.NumberFieldSize((long)single.Type) + WireWriter.NumberFieldSize(single.Replica.Value);

    private static ConfChangeSingle ReadSingle(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "ConfChangeSingle");
        var type = 0;
        var replica = 0L;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case SingleTypeField:
                    type = reader.Number((int)ConfChangeType.AddLearnerNode);
                    break;
                case SingleReplicaField:
                    replica = reader.Number();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new ConfChangeSingle((ConfChangeType)type, new ReplicaId(replica));
    }

    private static int Size(ImmutableArray<ReplicaId> ids)
    {
        var size = 0;
        foreach (var id in ids)
        {
            size += WireWriter.NumberFieldSize(id.Value);
        }

        return size;
    }

    private static void Write(ref WireWriter writer, int field, ImmutableArray<ReplicaId> ids)
    {
        foreach (var id in ids)
        {
            writer.Number(field, id.Value);
        }
    }

    // Other marshallers may pack the numbers of a list into one field; both forms may even be mixed.
    private static void ReadIds(ref WireReader reader, ref List<ReplicaId>? ids)
    {
        ids ??= [];
        if (!reader.IsBytes)
        {
            ids.Add(new ReplicaId(reader.Number()));
            return;
        }

        var packed = new WireReader(reader.Bytes(), "ConfState");
        while (!packed.AtEnd)
        {
            ids.Add(new ReplicaId(packed.PlainNumber()));
        }
    }

    private static ImmutableArray<ReplicaId> ToArray(List<ReplicaId>? ids) =>
        ids is null ? [] : ImmutableCollectionsMarshal.AsImmutableArray(ids.ToArray());
}
