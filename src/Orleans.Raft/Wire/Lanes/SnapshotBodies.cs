using System.Collections.Immutable;

namespace Orleans.Raft.Wire;

/// <summary>A part of a snapshot on its way.</summary>
/// <param name="Id">Of the transfer; parts of two are never glued together.</param>
/// <param name="Number">From 0.</param>
/// <param name="Rows">Rows, in the order of their keys over all parts.</param>
/// <param name="Message">In the last part: the protocol message (MsgSnap) that the snapshot belongs to; else empty.</param>
/// <param name="Hash">In the last part: SHA-256 over all rows.</param>
internal readonly record struct SnapshotPart(
    Guid Id, long Number, ImmutableArray<(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value)> Rows, ReadOnlyMemory<byte> Message, ReadOnlyMemory<byte> Hash)
{
    /// <summary>True for the last part.</summary>
    public bool IsLast => !Message.IsEmpty;
}

/// <summary>Answer to a part.</summary>
/// <param name="Id">Of the transfer.</param>
/// <param name="Number">Which part was stored.</param>
/// <param name="IsRefused">True when the receiver can't go on with this transfer.</param>
internal readonly record struct SnapshotPartAnswer(Guid Id, long Number, bool IsRefused);

/// <summary>Parts of snapshots (<c>lanes.proto</c>).</summary>
internal static class SnapshotCodec
{
    /// <summary>Encodes a part.</summary>
    public static byte[] Encode(in SnapshotPart part)
    {
        var builder = new WireBuilder().Identity(1, part.Id).Number(2, part.Number);
        foreach (var (key, value) in part.Rows)
        {
            builder.Nested(3, new WireBuilder().Bytes(1, key.Span).Bytes(2, value.Span).ToArray());
        }

        return builder.Bytes(5, part.Message.Span).Bytes(6, part.Hash.Span).ToArray();
    }

    /// <summary>Encodes an answer.</summary>
    public static byte[] Encode(in SnapshotPartAnswer answer) =>
        new WireBuilder().Identity(1, answer.Id).Number(2, answer.Number).Number(3, answer.IsRefused ? 1 : 0).ToArray();

    /// <summary>Reads a part.</summary>
    /// <exception cref="WireFormatException">The bytes are none.</exception>
    public static SnapshotPart ReadPart(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, nameof(SnapshotPart));
        var part = default(SnapshotPart);
        var rows = ImmutableArray.CreateBuilder<(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value)>();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    part = part with { Id = reader.Identity() };
                    break;
                case 2:
                    part = part with { Number = reader.Number() };
                    break;
                case 3:
                    rows.Add(ReadRow(reader.Bytes()));
                    break;
                case 5:
                    part = part with { Message = reader.Bytes() };
                    break;
                case 6:
                    part = part with { Hash = reader.Bytes() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return part with { Rows = rows.ToImmutable() };
    }

    private static (ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value) ReadRow(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "Row");
        ReadOnlyMemory<byte> key = default;
        ReadOnlyMemory<byte> value = default;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    key = reader.Bytes();
                    break;
                case 2:
                    value = reader.Bytes();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return (key, value);
    }

    /// <summary>Reads an answer.</summary>
    /// <exception cref="WireFormatException">The bytes are none.</exception>
    public static SnapshotPartAnswer ReadAnswer(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, nameof(SnapshotPartAnswer));
        var answer = default(SnapshotPartAnswer);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    answer = answer with { Id = reader.Identity() };
                    break;
                case 2:
                    answer = answer with { Number = reader.Number() };
                    break;
                case 3:
                    answer = answer with { IsRefused = reader.Boolean() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return answer;
    }
}
