using System.Buffers;
using Orleans.Raft.Core;

namespace Orleans.Raft.Wire;

/// <summary>
/// Core's values as protocol buffers (<c>raft.proto</c>), for disk, lanes and clustering.
/// <para>
/// Writing follows etcd's marshaller to the byte: numbers, truth and nested values are written even when they are 0 or empty,
/// empty payloads and absent snapshots are not. Reading takes any protocol buffers encoding of the schema but a nested single
/// value given twice. Payloads that are read are slices of the input: who keeps one keeps the input.
/// </para>
/// <para>
/// Reading throws nothing but <see cref="WireFormatException"/>, and allocates no more than a fixed multiple of the input's length.
/// Writing refuses negative numbers with <see cref="ArgumentOutOfRangeException"/> before the first byte.
/// </para>
/// </summary>
internal static partial class RaftCodec
{
    // Fields of raft.proto, by message.
    private const int EntryTypeField = 1;
    private const int EntryTermField = 2;
    private const int EntryIndexField = 3;
    private const int EntryDataField = 4;
    private const int HardStateTermField = 1;
    private const int HardStateVoteField = 2;
    private const int HardStateCommitField = 3;

    /// <summary>Encoded length of an entry: what size limits of messages, reads and queues count.</summary>
    public static int EntrySize(in Entry entry)
    {
        var data = entry.Data.Length;
        return WireWriter.NumberFieldSize((long)entry.Type)
            + WireWriter.NumberFieldSize(entry.Term)
            + WireWriter.NumberFieldSize(entry.Index)
            + (data == 0 ? 0 : WireWriter.BytesFieldSize(data));
    }

    /// <summary>Writes an entry.</summary>
    /// <returns>Number of bytes written, equal to <see cref="EntrySize"/>.</returns>
    public static int Write(in Entry entry, Span<byte> output)
    {
        var writer = new WireWriter(output[..EntrySize(entry)]);
        writer.Number(EntryTypeField, (long)entry.Type);
        writer.Number(EntryTermField, entry.Term);
        writer.Number(EntryIndexField, entry.Index);
        if (entry.Data.Length > 0)
        {
            writer.Bytes(EntryDataField, entry.Data.Span);
        }

        return writer.Written;
    }

    /// <summary>Writes an entry.</summary>
    public static void Write(in Entry entry, IBufferWriter<byte> output) =>
        output.Advance(Write(entry, output.GetSpan(EntrySize(entry))));

    /// <summary>Reads an entry; its data is a slice of the input.</summary>
    /// <exception cref="WireFormatException">The bytes are no entry.</exception>
    public static Entry ReadEntry(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "Entry");
        var type = 0;
        var term = 0L;
        var index = 0L;
        ReadOnlyMemory<byte> data = default;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case EntryTypeField:
                    type = reader.Number((int)EntryType.EntryConfChangeV2);
                    break;
                case EntryTermField:
                    term = reader.Number();
                    break;
                case EntryIndexField:
                    index = reader.Number();
                    break;
                case EntryDataField:
                    data = reader.Bytes();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new Entry(term, index, (EntryType)type, data);
    }

    /// <summary>Encoded length of a hard state.</summary>
    public static int Size(in HardState state) =>
        WireWriter.NumberFieldSize(state.Term) + WireWriter.NumberFieldSize(state.Vote.Value) + WireWriter.NumberFieldSize(state.Commit);

    /// <summary>Writes a hard state.</summary>
    /// <returns>Number of bytes written.</returns>
    public static int Write(in HardState state, Span<byte> output)
    {
        var writer = new WireWriter(output[..Size(state)]);
        writer.Number(HardStateTermField, state.Term);
        writer.Number(HardStateVoteField, state.Vote.Value);
        writer.Number(HardStateCommitField, state.Commit);
        return writer.Written;
    }

    /// <summary>Writes a hard state.</summary>
    public static void Write(in HardState state, IBufferWriter<byte> output) =>
        output.Advance(Write(state, output.GetSpan(Size(state))));

    /// <summary>Reads a hard state.</summary>
    /// <exception cref="WireFormatException">The bytes are no hard state.</exception>
    public static HardState ReadHardState(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "HardState");
        var term = 0L;
        var vote = 0L;
        var commit = 0L;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case HardStateTermField:
                    term = reader.Number();
                    break;
                case HardStateVoteField:
                    vote = reader.Number();
                    break;
                case HardStateCommitField:
                    commit = reader.Number();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new HardState(term, new ReplicaId(vote), commit);
    }
}
