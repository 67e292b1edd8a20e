namespace ClusteringSilo;

/// <summary>What a silo of a test goes by; as command line <c>name siloPort gatewayPort data name=host:port,…</c>.</summary>
public sealed record SiloArguments(string Name, int SiloPort, int GatewayPort, string Data, IReadOnlyDictionary<string, string> Voters)
{
    public static SiloArguments Parse(string[] arguments) => new(
        arguments[0],
        int.Parse(arguments[1], System.Globalization.CultureInfo.InvariantCulture),
        int.Parse(arguments[2], System.Globalization.CultureInfo.InvariantCulture),
        arguments[3],
        arguments[4].Split(',').Select(static voter => voter.Split('=')).ToDictionary(static pair => pair[0], static pair => pair[1]));

    public override string ToString() =>
        $"{Name} {SiloPort} {GatewayPort} \"{Data}\" {string.Join(',', Voters.Select(static voter => $"{voter.Key}={voter.Value}"))}";
}
