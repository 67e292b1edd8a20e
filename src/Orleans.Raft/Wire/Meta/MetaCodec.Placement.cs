using System.Collections.Immutable;
using Orleans.Raft.Core;

namespace Orleans.Raft.Wire;

/// <content>Commands, and where replicas are.</content>
internal static partial class MetaCodec
{
    /// <summary>Encodes a command.</summary>
    public static byte[] Encode(MetaCommand value)
    {
        var builder = new WireBuilder();
        if (value.Create is { } family)
        {
            builder.Nested(1, Encode(family));
        }

        if (value.Announce is { } silo)
        {
            builder.Nested(2, Encode(silo));
        }

        builder.Identity(3, value.Former);
        foreach (var change in value.Changes)
        {
            builder.Nested(4, Encode(change));
        }

        builder.Text(5, value.Retire).Text(6, value.Admit);
        if (!value.Left.IsDefault)
        {
            builder.Text(7, value.Left.ToString()).Number(8, value.LeftReplica.Value);
        }

        return builder.ToArray();
    }

    /// <summary>Encodes what is kept beside a group's log.</summary>
    public static byte[] Encode(GroupRecord value)
    {
        var builder = new WireBuilder().Nested(1, Encode(value.Family)).Number(2, value.Replica.Value);
        foreach (var member in value.Members)
        {
            builder.Nested(3, Encode(member));
        }

        return builder.Number(4, value.IsRecovered ? 1 : 0).ToArray();
    }

    /// <summary>Reads a command.</summary>
    /// <exception cref="WireFormatException">The bytes are none.</exception>
    public static MetaCommand ReadCommand(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, nameof(MetaCommand));
        var command = new MetaCommand();
        while (reader.Next())
        {
            command = reader.Field switch
            {
                1 => command with { Create = ReadFamily(reader.Bytes()) },
                2 => command with { Announce = ReadBinding(reader.Bytes()) },
                3 => command with { Former = reader.Identity() },
                4 => command with { Changes = command.Changes.Add(ReadChange(reader.Bytes())) },
                5 => command with { Retire = ReadText(ref reader) },
                6 => command with { Admit = ReadText(ref reader) },
                7 => command with { Left = ReadGroup(ref reader) },
                8 => command with { LeftReplica = new ReplicaId(reader.Number()) },
                _ => Skip(ref reader, command),
            };
        }

        return command;
    }

    /// <summary>Reads what is kept beside a group's log.</summary>
    /// <exception cref="WireFormatException">The bytes are none.</exception>
    public static GroupRecord ReadGroupRecord(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, nameof(GroupRecord));
        var record = new GroupRecord(new CatalogFamily("", 0, 0, 0, []), default, []);
        while (reader.Next())
        {
            record = reader.Field switch
            {
                1 => record with { Family = ReadFamily(reader.Bytes()) },
                2 => record with { Replica = new ReplicaId(reader.Number()) },
                3 => record with { Members = record.Members.Add(ReadPlaced(reader.Bytes())) },
                4 => record with { IsRecovered = reader.Boolean() },
                _ => Skip(ref reader, record),
            };
        }

        return record;
    }

    private static byte[] Encode(PlacedReplica value) => new WireBuilder()
        .Number(1, value.Replica.Value).Text(2, value.Silo).Identity(3, value.Store).Number(4, value.IsLeaving ? 1 : 0).ToArray();

    private static byte[] Encode(GroupPlacement value)
    {
        var builder = new WireBuilder().Text(1, value.Group.ToString()).Number(2, value.NextReplica);
        foreach (var replica in value.Replicas)
        {
            builder.Nested(3, Encode(replica));
        }

        foreach (var removed in value.Removed)
        {
            builder.Number(4, removed.Value);
        }

        return builder.ToArray();
    }

    private static byte[] Encode(PlacementChange value)
    {
        var builder = new WireBuilder().Text(1, value.Group.ToString());
        foreach (var silo in value.Add)
        {
            builder.Text(2, silo);
        }

        foreach (var silo in value.Leave)
        {
            builder.Text(3, silo);
        }

        return builder.ToArray();
    }

    private static PlacedReplica ReadPlaced(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, nameof(PlacedReplica));
        var value = new PlacedReplica(default, "", default, false);
        while (reader.Next())
        {
            value = reader.Field switch
            {
                1 => value with { Replica = new ReplicaId(reader.Number()) },
                2 => value with { Silo = ReadText(ref reader) },
                3 => value with { Store = reader.Identity() },
                4 => value with { IsLeaving = reader.Number() != 0 },
                _ => Skip(ref reader, value),
            };
        }

        return value;
    }

    private static GroupPlacement ReadPlacement(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, nameof(GroupPlacement));
        var value = new GroupPlacement(default, 0, [], []);
        while (reader.Next())
        {
            value = reader.Field switch
            {
                1 => value with { Group = ReadGroup(ref reader) },
                2 => value with { NextReplica = reader.Number() },
                3 => value with { Replicas = value.Replicas.Add(ReadPlaced(reader.Bytes())) },
                4 => value with { Removed = value.Removed.Add(new ReplicaId(reader.Number())) },
                _ => Skip(ref reader, value),
            };
        }

        return value;
    }

    private static PlacementChange ReadChange(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, nameof(PlacementChange));
        var value = new PlacementChange(default, [], []);
        while (reader.Next())
        {
            value = reader.Field switch
            {
                1 => value with { Group = ReadGroup(ref reader) },
                2 => value with { Add = value.Add.Add(ReadText(ref reader)) },
                3 => value with { Leave = value.Leave.Add(ReadText(ref reader)) },
                _ => Skip(ref reader, value),
            };
        }

        return value;
    }

    private static RaftGroupId ReadGroup(ref WireReader reader)
    {
        var text = ReadText(ref reader);
        if (!RaftGroupId.TryParse(text, out var group))
        {
            reader.Fail("a group", text);
        }

        return group;
    }

    private static T Skip<T>(ref WireReader reader, T value)
    {
        reader.Skip();
        return value;
    }
}
