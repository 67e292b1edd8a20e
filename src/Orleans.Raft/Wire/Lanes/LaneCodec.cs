using System.Buffers;
using System.Text;

namespace Orleans.Raft.Wire;

/// <summary>
/// Batches of a lane as protocol buffers (<c>lanes.proto</c>). Writing leaves out what is 0, as version 3 of the language does.
/// The same contract as <see cref="RaftCodec"/>: reading throws nothing but <see cref="WireFormatException"/>.
/// </summary>
internal static partial class LaneCodec
{
    /// <summary>The version that this code writes, and the highest that it reads.</summary>
    public const int ProtocolVersion = 1;

    private const int GuidBytes = 16;
    private const int MaxNameBytes = 1024;
    private const int ItemsField = 10;

    /// <summary>Encoded length of an item within a batch: what a lane's byte window counts.</summary>
    public static int Size(in LaneHeader header, in LaneItem item) => WireWriter.BytesFieldSize(ContentSize(header, item));

    /// <summary>Encodes a batch.</summary>
    public static byte[] Encode(in LaneHeader header, ReadOnlySpan<LaneItem> items)
    {
        var size = Size(header);
        foreach (ref readonly var item in items)
        {
            size += Size(header, item);
        }

        var bytes = new byte[size];
        var writer = new WireWriter(bytes);
        Write(ref writer, header);
        foreach (ref readonly var item in items)
        {
            Write(ref writer, header, item);
        }

        return bytes;
    }

    private static int Size(in LaneHeader header) =>
        NumberSize(header.ProtocolVersion)
        + GuidSize(header.ClusterIncarnation)
        + TextSize(header.FromSilo)
        + GuidSize(header.FromStore)
        + NumberSize(header.FromOpenCounter)
        + GuidSize(header.ToStore)
        + NumberSize(header.ToOpenCounter)
        + NumberSize(header.Session)
        + NumberSize(header.Sequence)
        + TextSize(header.FromAddress)
        + GuidSize(header.FromProcess);

    private static void Write(ref WireWriter writer, in LaneHeader header)
    {
        Number(ref writer, 1, header.ProtocolVersion);
        Identity(ref writer, 2, header.ClusterIncarnation);
        Text(ref writer, 3, header.FromSilo);
        Identity(ref writer, 4, header.FromStore);
        Number(ref writer, 5, header.FromOpenCounter);
        Identity(ref writer, 6, header.ToStore);
        Number(ref writer, 7, header.ToOpenCounter);
        Number(ref writer, 8, header.Session);
        Number(ref writer, 9, header.Sequence);
        Text(ref writer, 11, header.FromAddress);
        Identity(ref writer, 12, header.FromProcess);
    }

    private static int ContentSize(in LaneHeader header, in LaneItem item) =>
        TextSize(item.GroupName)
        + NumberSize(item.GroupIndex)
        + NumberSize(item.GroupIncarnation)
        + NumberSize(item.From.Value)
        + NumberSize(item.To.Value)
        + LifeFieldSize(item.FromLife, header.FromStore, header.FromOpenCounter)
        + LifeFieldSize(item.ToLife, header.ToStore, header.ToOpenCounter)
        + NumberSize((long)item.Kind)
        + WireWriter.BytesFieldSize(item.Kind == LaneItemKind.Message ? MessageSize(item) : item.Body.Length);

    private static void Write(ref WireWriter writer, in LaneHeader header, in LaneItem item)
    {
        writer.Length(ItemsField, ContentSize(header, item));
        Text(ref writer, 1, item.GroupName);
        Number(ref writer, 2, item.GroupIndex);
        Number(ref writer, 3, item.GroupIncarnation);
        Number(ref writer, 4, item.From.Value);
        Number(ref writer, 5, item.To.Value);
        Life(ref writer, 6, item.FromLife, header.FromStore, header.FromOpenCounter);
        Life(ref writer, 7, item.ToLife, header.ToStore, header.ToOpenCounter);
        if (item.Kind != LaneItemKind.Message)
        {
            writer.Number(9, (long)item.Kind);
            writer.Bytes(10, item.Body.Span);
            return;
        }

        var size = MessageSize(item);
        writer.Length(8, size);
        var room = writer.Reserve(size);
        if (item.Message is { } message)
        {
            RaftCodec.Write(message, room);
        }
        else
        {
            item.MessageBytes.Span.CopyTo(room);
        }
    }

    private static int MessageSize(in LaneItem item) =>
        item.Message is { } message ? RaftCodec.Size(message) : item.MessageBytes.Length;

    private static int LifeFieldSize(in ReplicaLife life, Guid store, long openCounter) =>
        life == default ? 0 : WireWriter.BytesFieldSize(LifeSize(life, store, openCounter));

    // A life in the silo's present one names only its activation: nearly all do, and there are many items in a batch.
    private static int LifeSize(in ReplicaLife life, Guid store, long openCounter)
    {
        if (life.Store == default)
        {
            throw new ArgumentException($"The life {life} has no store, so the reader would take it for one in the batch's store.", nameof(life));
        }

        return (IsOf(life, store, openCounter) ? 0 : GuidSize(life.Store) + NumberSize(life.OpenCounter)) + NumberSize(life.Activation);
    }

    // An unknown life is left out altogether, which differs from an empty one.
    private static void Life(ref WireWriter writer, int field, in ReplicaLife life, Guid store, long openCounter)
    {
        if (life == default)
        {
            return;
        }

        writer.Length(field, LifeSize(life, store, openCounter));
        if (!IsOf(life, store, openCounter))
        {
            Identity(ref writer, 1, life.Store);
            Number(ref writer, 2, life.OpenCounter);
        }

        Number(ref writer, 3, life.Activation);
    }

    private static bool IsOf(in ReplicaLife life, Guid store, long openCounter) =>
        life.Store == store && life.OpenCounter == openCounter;

    private static int NumberSize(long value) => value == 0 ? 0 : WireWriter.NumberFieldSize(value);

    private static int GuidSize(Guid id) => id == default ? 0 : WireWriter.BytesFieldSize(GuidBytes);

    private static int TextSize(string? text) =>
        string.IsNullOrEmpty(text) ? 0 : WireWriter.BytesFieldSize(Encoding.UTF8.GetByteCount(text));

    private static void Number(ref WireWriter writer, int field, long value)
    {
        if (value != 0)
        {
            writer.Number(field, value);
        }
    }

    private static void Identity(ref WireWriter writer, int field, Guid id)
    {
        if (id != default)
        {
            writer.Length(field, GuidBytes);
            id.TryWriteBytes(writer.Reserve(GuidBytes), bigEndian: true, out _);
        }
    }

    private static void Text(ref WireWriter writer, int field, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            var length = Encoding.UTF8.GetByteCount(text);
            writer.Length(field, length);
            Encoding.UTF8.GetBytes(text, writer.Reserve(length));
        }
    }
}
