using System.Buffers;
using System.Buffers.Binary;
using Orleans.Raft.Core;

namespace Orleans.Raft.Wire;

/// <content>Messages and snapshots.</content>
internal static partial class RaftCodec
{
    private const int TypeField = 1;
    private const int ToField = 2;
    private const int FromField = 3;
    private const int TermField = 4;
    private const int LogTermField = 5;
    private const int IndexField = 6;
    private const int EntriesField = 7;
    private const int CommitField = 8;
    private const int SnapshotField = 9;
    private const int RejectField = 10;
    private const int RejectHintField = 11;
    private const int MessageContextField = 12;
    private const int VoteField = 13;
    private const int ResponsesField = 14;
    private const int PromiseField = 100;
    private const int ContextBytes = sizeof(long);

    /// <summary>Context of votes of a leadership transfer, as etcd spells it.</summary>
    private static ReadOnlySpan<byte> CampaignTransfer => "CampaignTransfer"u8;

    /// <summary>Encoded length of a message.</summary>
    public static int Size(Message message)
    {
        var size = SizeOfNumbers(message);
        var entries = message.Entries;
        for (var i = 0; i < entries.Count; i++)
        {
            size += WireWriter.BytesFieldSize(EntrySize(entries[i]));
        }

        if (message.Snapshot is { } snapshot)
        {
            size += WireWriter.BytesFieldSize(Size(snapshot));
        }

        size += ContextSize(message) is var context and > 0 ? WireWriter.BytesFieldSize(context) : 0;
        var responses = message.Responses;
        for (var i = 0; i < responses.Count; i++)
        {
            size += WireWriter.BytesFieldSize(Size(responses[i]));
        }

        return size;
    }

    /// <summary>Writes a message.</summary>
    /// <returns>Number of bytes written, equal to its size.</returns>
    public static int Write(Message message, Span<byte> output)
    {
        var writer = new WireWriter(output[..Size(message)]);
        writer.Number(TypeField, (long)message.Type);
        writer.Number(ToField, message.To.Value);
        writer.Number(FromField, message.From.Value);
        writer.Number(TermField, message.Term);
        writer.Number(LogTermField, message.LogTerm);
        writer.Number(IndexField, message.Index);
        WriteEntries(ref writer, message.Entries);
        writer.Number(CommitField, message.Commit);
        if (message.Snapshot is { } snapshot)
        {
            var size = Size(snapshot);
            writer.Length(SnapshotField, size);
            Write(snapshot, writer.Reserve(size));
        }

        writer.Number(RejectField, message.Reject ? 1 : 0);
        writer.Number(RejectHintField, message.RejectHint);
        WriteContext(ref writer, message);
        if (!message.Vote.IsNone)
        {
            writer.Number(VoteField, message.Vote.Value);
        }

        WriteResponses(ref writer, message.Responses);
        if (message.Promise != default)
        {
            writer.FarNumber(PromiseField, message.Promise.Ticks);
        }

        return writer.Written;
    }

    /// <summary>Writes a message.</summary>
    public static void Write(Message message, IBufferWriter<byte> output) =>
        output.Advance(Write(message, output.GetSpan(Size(message))));

    /// <summary>Encoded length of a snapshot.</summary>
    public static int Size(Snapshot snapshot) =>
        (snapshot.Data.IsEmpty ? 0 : WireWriter.BytesFieldSize(snapshot.Data.Length)) + WireWriter.BytesFieldSize(MetadataSize(snapshot));

    /// <summary>Writes a snapshot.</summary>
    /// <returns>Number of bytes written.</returns>
    public static int Write(Snapshot snapshot, Span<byte> output)
    {
        var writer = new WireWriter(output[..Size(snapshot)]);
        if (!snapshot.Data.IsEmpty)
        {
            writer.Bytes(1, snapshot.Data.Span);
        }

        writer.Length(2, MetadataSize(snapshot));
        var confSize = Size(snapshot.ConfState);
        writer.Length(1, confSize);
        Write(snapshot.ConfState, writer.Reserve(confSize));
        writer.Number(2, snapshot.Id.Index);
        writer.Number(3, snapshot.Id.Term);
        return writer.Written;
    }

    private static int SizeOfNumbers(Message message) =>
        WireWriter.NumberFieldSize((long)message.Type)
        + WireWriter.NumberFieldSize(message.To.Value)
        + WireWriter.NumberFieldSize(message.From.Value)
        + WireWriter.NumberFieldSize(message.Term)
        + WireWriter.NumberFieldSize(message.LogTerm)
        + WireWriter.NumberFieldSize(message.Index)
        + WireWriter.NumberFieldSize(message.Commit)
        + WireWriter.NumberFieldSize(message.Reject ? 1 : 0)
        + WireWriter.NumberFieldSize(message.RejectHint)
        + (message.Vote.IsNone ? 0 : WireWriter.NumberFieldSize(message.Vote.Value))
        + (message.Promise == default ? 0 : WireWriter.FarNumberFieldSize(PromiseField, message.Promise.Ticks));

    private static int MetadataSize(Snapshot snapshot) =>
        WireWriter.BytesFieldSize(Size(snapshot.ConfState))
        + WireWriter.NumberFieldSize(snapshot.Id.Index)
        + WireWriter.NumberFieldSize(snapshot.Id.Term);

    private static int ContextSize(Message message) =>
        message.IsCampaignTransfer ? CampaignTransfer.Length : message.Context != 0 ? ContextBytes : 0;

    private static void WriteContext(ref WireWriter writer, Message message)
    {
        if (message.IsCampaignTransfer)
        {
            writer.Bytes(MessageContextField, CampaignTransfer);
        }
        else if (message.Context != 0)
        {
            writer.Length(MessageContextField, ContextBytes);
            BinaryPrimitives.WriteInt64LittleEndian(writer.Reserve(ContextBytes), message.Context);
        }
    }

    private static void WriteEntries(ref WireWriter writer, IReadOnlyList<Entry> entries)
    {
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            var size = EntrySize(entry);
            writer.Length(EntriesField, size);
            Write(entry, writer.Reserve(size));
        }
    }

    private static void WriteResponses(ref WireWriter writer, IReadOnlyList<Message> responses)
    {
        for (var i = 0; i < responses.Count; i++)
        {
            var size = Size(responses[i]);
            writer.Length(ResponsesField, size);
            Write(responses[i], writer.Reserve(size));
        }
    }
}
