using System.Net;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Raft.Storage.Clustering;
using Orleans.Raft.Storage.Engine;

namespace ClusteringSilo;

/// <summary>A voter without a silo around it, which starts in a fraction of the time: <c>voter name port data name=host:port,…</c>. Ends with its input.</summary>
internal static class VoterHost
{
    public static async Task RunAsync(string[] arguments)
    {
        using var loggers = LoggerFactory.Create(static logging => logging
            .AddSimpleConsole(static console => (console.SingleLine, console.TimestampFormat) = (true, "HH:mm:ss.fff ")));
        var silo = SiloArguments.Parse([arguments[1], arguments[2], "0", .. arguments[3..]]);
        var settings = new ClusteringNodeSettings
        {
            Voter = new VoterSettings
            {
                Name = silo.Name,
                Cluster = SiloHost.ClusterId,
                Voters = VoterSettings.Sorted(silo.Voters),
                AlivePeriod = TimeSpan.FromMilliseconds(500),
                SnapshotEntries = 200,
                TailEntries = 50,
            },
            Listen = new IPEndPoint(IPAddress.Loopback, silo.SiloPort),
            Directory = silo.Data,
            ServiceId = SiloHost.ClusterId,
            Secret = "secret",
        };
        await using var node = new ClusteringNode(settings, new StorageEngine(new RaftEngineOptions()), TimeProvider.System, loggers);
        await node.StartAsync(CancellationToken.None);
        while (await Console.In.ReadLineAsync() is not null)
        {
        }
    }
}
