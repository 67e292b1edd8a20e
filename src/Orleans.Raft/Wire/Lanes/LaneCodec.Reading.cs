using System.Text;
using Orleans.Raft.Core;

namespace Orleans.Raft.Wire;

/// <content>Reading.</content>
internal static partial class LaneCodec
{
    // Text that is no UTF-8 must not become other text silently: two names could become one.
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    // An item's own fields; its two lives cannot be resolved before the batch's head is complete.
    private const int MinItemBytes = 8;

    /// <summary>Reads a batch. Messages stay bytes, slices of the input, until <see cref="LaneItem.ReadMessage"/>.</summary>
    /// <exception cref="WireFormatException">The bytes are no batch, or one of a later protocol version.</exception>
    public static LaneBatch Read(ReadOnlyMemory<byte> input)
    {
        var header = ReadHeader(input, out var count);
        if (header.ProtocolVersion is < 1 or > ProtocolVersion)
        {
            throw new WireFormatException(
                $"LaneBatch: silo {header.FromSilo} sent protocol version {header.ProtocolVersion}, this silo reads 1 to {ProtocolVersion}. Upgrade this silo.");
        }

        var items = new LaneItem[count];
        var next = 0;
        var names = default(LastName);
        var reader = new WireReader(input, "LaneBatch");
        while (reader.Next())
        {
            if (reader.Field == ItemsField)
            {
                items[next++] = ReadItem(reader.Bytes(), header, ref names);
            }
            else
            {
                reader.Skip();
            }
        }

        return new LaneBatch(header, items);
    }

    private static LaneHeader ReadHeader(ReadOnlyMemory<byte> input, out int items)
    {
        var reader = new WireReader(input, "LaneBatch");
        var header = new LaneHeader { FromSilo = "" };
        items = 0;
        while (reader.Next())
        {
            header = reader.Field switch
            {
                1 => header with { ProtocolVersion = reader.Number(int.MaxValue) },
                2 => header with { ClusterIncarnation = ReadGuid(ref reader) },
                3 => header with { FromSilo = ReadText(ref reader, reader.Bytes().Span) },
                4 => header with { FromStore = ReadGuid(ref reader) },
                5 => header with { FromOpenCounter = reader.Number() },
                6 => header with { ToStore = ReadGuid(ref reader) },
                7 => header with { ToOpenCounter = reader.Number() },
                8 => header with { Session = reader.Number() },
                9 => header with { Sequence = reader.Number() },
                11 => header with { FromAddress = ReadText(ref reader, reader.Bytes().Span) },
                12 => header with { FromProcess = ReadGuid(ref reader) },
                _ => Other(ref reader, header, ref items),
            };
        }

        return header;
    }

    private static LaneHeader Other(ref WireReader reader, in LaneHeader header, ref int items)
    {
        if (reader.Field == ItemsField)
        {
            items++;
            if (reader.Bytes().Length < MinItemBytes)
            {
                reader.Fail($"an item of {MinItemBytes} bytes or more", "less");
            }
        }
        else
        {
            reader.Skip();
        }

        return header;
    }

    private static LaneItem ReadItem(ReadOnlyMemory<byte> input, in LaneHeader header, ref LastName names)
    {
        var reader = new WireReader(input, "LaneItem");
        var item = new LaneItem { GroupName = "" };
        while (reader.Next())
        {
            item = reader.Field switch
            {
                1 => item with { GroupName = names.Read(ref reader) },
                2 => item with { GroupIndex = reader.Number(int.MaxValue) },
                3 => item with { GroupIncarnation = reader.Number() },
                4 => item with { From = new ReplicaId(reader.Number()) },
                5 => item with { To = new ReplicaId(reader.Number()) },
                6 => item with { FromLife = ReadLife(reader.Bytes(), header.FromStore, header.FromOpenCounter) },
                7 => item with { ToLife = ReadLife(reader.Bytes(), header.ToStore, header.ToOpenCounter) },
                8 => item with { MessageBytes = reader.Bytes() },
                9 => item with { Kind = (LaneItemKind)reader.Number(int.MaxValue) },
                10 => item with { Body = reader.Bytes() },
                _ => Skip(ref reader, item),
            };
        }

        return item;
    }

    private static LaneItem Skip(ref WireReader reader, in LaneItem item)
    {
        reader.Skip();
        return item;
    }

    private static ReplicaLife ReadLife(ReadOnlyMemory<byte> input, Guid store, long openCounter)
    {
        var reader = new WireReader(input, "ReplicaLife");
        Guid ownStore = default;
        var ownCounter = 0L;
        var activation = 0L;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    ownStore = ReadGuid(ref reader);
                    break;
                case 2:
                    ownCounter = reader.Number();
                    break;
                case 3:
                    activation = reader.Number();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return ownStore == default
            ? new ReplicaLife(store, openCounter, activation)
            : new ReplicaLife(ownStore, ownCounter, activation);
    }

    private static Guid ReadGuid(ref WireReader reader)
    {
        var bytes = reader.Bytes().Span;
        if (bytes.Length != GuidBytes)
        {
            reader.Fail($"{GuidBytes} bytes", $"{bytes.Length}");
        }

        return new Guid(bytes, bigEndian: true);
    }

    private static string ReadText(ref WireReader reader, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxNameBytes)
        {
            reader.Fail($"a name of at most {MaxNameBytes} bytes", $"{bytes.Length}");
        }

        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (ArgumentException)
        {
            reader.Fail("text in UTF-8", "other bytes");
            return "";
        }
    }

    /// <summary>The name read last. Neighbours in a batch mostly belong to one family, and then share one string.</summary>
    private ref struct LastName
    {
        private ReadOnlySpan<byte> _bytes;
        private string? _text;

        public string Read(ref WireReader reader)
        {
            var bytes = reader.Bytes().Span;
            if (_text is null || !bytes.SequenceEqual(_bytes))
            {
                _text = ReadText(ref reader, bytes);
                _bytes = bytes;
            }

            return _text;
        }
    }
}
