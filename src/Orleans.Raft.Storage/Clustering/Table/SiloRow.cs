using System.Collections.Immutable;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>A silo's vote that another one is dead.</summary>
/// <param name="Silo">Who suspects.</param>
/// <param name="Time">Since when, in ticks of UTC.</param>
internal readonly record struct Suspicion(string Silo, long Time);

/// <summary>One row of the membership table. Immutable, so that readers on other threads may keep it.</summary>
internal sealed record SiloRow
{
    /// <summary>Status of a silo that is dead, as Orleans numbers it.</summary>
    public const int Dead = 6;

    /// <summary>The silo's address in its parsable form: the key.</summary>
    public required string Silo { get; init; }

    public int Status { get; init; }

    public int ProxyPort { get; init; }

    public string SiloName { get; init; } = "";

    public string HostName { get; init; } = "";

    public string RoleName { get; init; } = "";

    public int UpdateZone { get; init; }

    public int FaultZone { get; init; }

    public long StartTime { get; init; }

    public long AliveTime { get; init; }

    public ImmutableArray<Suspicion> Suspicions { get; init; } = [];

    /// <summary>Index of the entry that wrote the row; times of being alive don't change it.</summary>
    public long ETag { get; init; }

    /// <summary>Latest time at which anything was known of the silo, as Orleans reckons it for clean-up.</summary>
    public long LastKnown
    {
        get
        {
            var last = Math.Max(StartTime, AliveTime);
            foreach (var suspicion in Suspicions)
            {
                last = Math.Max(last, suspicion.Time);
            }

            return last;
        }
    }

    /// <inheritdoc/>
    public bool Equals(SiloRow? other) => other is not null && Encode().AsSpan().SequenceEqual(other.Encode());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Silo, Status, ETag, AliveTime);

    public byte[] Encode()
    {
        var fields = new Fields()
            .Text(1, Silo)
            .Number(2, Status)
            .Number(3, ProxyPort)
            .Text(4, SiloName)
            .Text(5, HostName)
            .Text(6, RoleName)
            .Signed(7, UpdateZone)
            .Signed(8, FaultZone)
            .Number(9, StartTime)
            .Number(10, AliveTime);
        foreach (var suspicion in Suspicions)
        {
            fields.Bytes(11, new Fields().Text(1, suspicion.Silo).Number(2, suspicion.Time).Span, always: true);
        }

        return fields.Number(12, ETag).ToArray();
    }

    public static SiloRow Decode(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "Row");
        var row = new SiloRow { Silo = "" };
        var suspicions = ImmutableArray.CreateBuilder<Suspicion>();
        while (reader.Next())
        {
            row = reader.Field switch
            {
                1 => row with { Silo = reader.Text() },
                2 => row with { Status = reader.Number(int.MaxValue) },
                3 => row with { ProxyPort = reader.Number(ushort.MaxValue) },
                4 => row with { SiloName = reader.Text() },
                5 => row with { HostName = reader.Text() },
                6 => row with { RoleName = reader.Text() },
                7 => row with { UpdateZone = reader.Signed() },
                8 => row with { FaultZone = reader.Signed() },
                9 => row with { StartTime = Time(ref reader) },
                10 => row with { AliveTime = Time(ref reader) },
                11 => Suspected(ref reader, row, suspicions),
                12 => row with { ETag = reader.Number() },
                _ => Unknown(ref reader, row),
            };
        }

        if (row.Silo.Length == 0)
        {
            reader.Fail("a silo's address", "none");
        }

        return row with { Suspicions = suspicions.ToImmutable() };
    }

    internal static long Time(ref WireReader reader)
    {
        var ticks = reader.Number();
        if (ticks > DateTime.MaxValue.Ticks)
        {
            reader.Fail("a time", $"{ticks} ticks");
        }

        return ticks;
    }

    private static SiloRow Suspected(ref WireReader reader, SiloRow row, ImmutableArray<Suspicion>.Builder suspicions)
    {
        var (silo, time) = AliveReport.Decode(reader.Bytes(), "Suspicion");
        suspicions.Add(new Suspicion(silo, time));
        return row;
    }

    private static SiloRow Unknown(ref WireReader reader, SiloRow row)
    {
        reader.Skip();
        return row;
    }
}
