using System.Collections.Immutable;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>What a command does.</summary>
internal enum TableCommandKind
{
    /// <summary>Opens a session; its id is the entry's index.</summary>
    OpenSession = 1,

    /// <summary>Inserts a row if there is none and the table's ETag is as expected.</summary>
    Insert = 2,

    /// <summary>Replaces a row if its ETag and the table's are as expected.</summary>
    Update = 3,

    /// <summary>Raises times of being alive.</summary>
    Alive = 4,

    /// <summary>Deletes rows of dead silos that were last heard of before a time.</summary>
    Cleanup = 5,

    /// <summary>Deletes all rows.</summary>
    DeleteAll = 6,

    /// <summary>A voter has started: raises its open counter and tells its address.</summary>
    VoterStarted = 7,
}

/// <summary>One command of the group's log.</summary>
internal sealed record TableCommand
{
    public TableCommandKind Kind { get; init; }

    /// <summary>Session under which the answer is remembered; 0 for commands that may be applied twice.</summary>
    public long Session { get; init; }

    public long Sequence { get; init; }

    /// <summary>Lowest sequence of the session that is still unanswered: what is below may be forgotten.</summary>
    public long LowWater { get; init; }

    public SiloRow? Row { get; init; }

    /// <summary>The table version to set.</summary>
    public int Version { get; init; }

    /// <summary>The table's ETag as the caller knows it.</summary>
    public long VersionETag { get; init; }

    /// <summary>The row's ETag as the caller knows it.</summary>
    public long RowETag { get; init; }

    public ImmutableArray<AliveReport> Alive { get; init; } = [];

    /// <summary>For clean-up, in ticks of UTC.</summary>
    public long Before { get; init; }

    /// <summary>Tells two openings of sessions apart while they wait.</summary>
    public Guid Nonce { get; init; }

    public VoterBinding? Voter { get; init; }

    /// <summary>Address of the silo in which a voter has started; empty if there is none.</summary>
    public string OwnSilo { get; init; } = "";

    public byte[] Encode()
    {
        var fields = new Fields()
            .Number(1, (int)Kind)
            .Number(2, Session)
            .Number(3, Sequence)
            .Number(4, LowWater);
        if (Row is not null)
        {
            fields.Bytes(5, Row.Encode());
        }

        fields.Signed(6, Version).Number(7, VersionETag).Number(8, RowETag);
        foreach (var report in Alive)
        {
            fields.Bytes(9, report.Encode(), always: true);
        }

        fields.Number(10, Before).Id(11, Nonce).Text(13, OwnSilo);
        return (Voter is null ? fields : fields.Bytes(12, Voter.Encode())).ToArray();
    }

    /// <summary>Reads a command; from untrusted bytes too.</summary>
    /// <exception cref="WireFormatException">The bytes are no command of a known kind.</exception>
    public static TableCommand Decode(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "Command");
        var command = new TableCommand();
        var alive = ImmutableArray.CreateBuilder<AliveReport>();
        while (reader.Next())
        {
            command = reader.Field switch
            {
                1 => command with { Kind = (TableCommandKind)reader.Number((int)TableCommandKind.VoterStarted) },
                2 => command with { Session = reader.Number() },
                3 => command with { Sequence = reader.Number() },
                4 => command with { LowWater = reader.Number() },
                5 => command with { Row = SiloRow.Decode(reader.Bytes()) },
                6 => command with { Version = reader.Signed() },
                7 => command with { VersionETag = reader.Number() },
                8 => command with { RowETag = reader.Number() },
                9 => Reported(ref reader, command, alive),
                10 => command with { Before = SiloRow.Time(ref reader) },
                11 => command with { Nonce = reader.Id() },
                12 => command with { Voter = VoterBinding.Decode(reader.Bytes()) },
                13 => command with { OwnSilo = reader.Text() },
                _ => Unknown(ref reader, command),
            };
        }

        if (command.Kind == 0 || (command.Kind is TableCommandKind.Insert or TableCommandKind.Update && command.Row is null)
            || (command.Kind is TableCommandKind.VoterStarted && command.Voter is null))
        {
            reader.Fail("a command with its row or voter", $"kind {(int)command.Kind} without");
        }

        return command with { Alive = alive.ToImmutable() };
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} session={Session} sequence={Sequence} {Row?.Silo}{Voter}";

    private static TableCommand Reported(ref WireReader reader, TableCommand command, ImmutableArray<AliveReport>.Builder alive)
    {
        alive.Add(AliveReport.Decode(reader.Bytes()));
        return command;
    }

    private static TableCommand Unknown(ref WireReader reader, TableCommand command)
    {
        reader.Skip();
        return command;
    }
}
