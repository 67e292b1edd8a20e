using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>A silo says that it was alive.</summary>
/// <param name="Silo">Address in its parsable form.</param>
/// <param name="Time">Ticks of UTC, by the silo's own clock.</param>
internal readonly record struct AliveReport(string Silo, long Time)
{
    public byte[] Encode() => new Fields().Text(1, Silo).Number(2, Time).ToArray();

    public static AliveReport Decode(ReadOnlyMemory<byte> input, string what = "Alive")
    {
        var reader = new WireReader(input, what);
        var (silo, time) = ("", 0L);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    silo = reader.Text();
                    break;
                case 2:
                    time = SiloRow.Time(ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new AliveReport(silo, time);
    }
}
