using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Raft.Hosting;

namespace Orleans.Raft.Benchmarks.Hosting;

/// <summary>
/// One silo as a process of its own, membership in Raft too: <c>failover silo NAME SILOPORT GATEWAYPORT DATA GROUPS SLEEP NAME=HOST:PORT,…</c>. Prints when a
/// replica of it begins and ceases to lead, and how many of its replicas sleep and know a leader. Ends with its input.
/// </summary>
internal static class FailoverSilo
{
    public const string Family = "raft";

    public static async Task RunAsync(IReadOnlyList<string> arguments)
    {
        var groups = int.Parse(arguments[5], CultureInfo.InvariantCulture);
        using var host = Build(arguments, groups);
        await host.StartAsync();
        using var enough = new CancellationTokenSource();
        var watching = Task.Run(() => WatchAsync(host.Services.GetRequiredService<RaftHost>(), groups, enough.Token));
        while (await Console.In.ReadLineAsync() is not null)
        {
        }

        await enough.CancelAsync();
        await watching;
        await host.StopAsync();
    }

    private static IHost Build(IReadOnlyList<string> arguments, int groups)
    {
        var voters = arguments[7].Split(',').Select(static voter => voter.Split('=')).ToDictionary(static pair => pair[0], static pair => pair[1]);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddSimpleConsole(static console => console.SingleLine = true).SetMinimumLevel(LogLevel.Error);
        builder.UseOrleans(silo =>
        {
            silo.UseRaftClustering(clustering =>
            {
                clustering.Voters = voters;
                clustering.DataDirectory = Path.Combine(arguments[4], "clustering");
                clustering.Secret = "secret";
            });
            silo.Configure<SiloOptions>(options => options.SiloName = arguments[1]);
            silo.Configure<ClusterOptions>(static options => (options.ClusterId, options.ServiceId) = ("failover", "failover"));
            silo.ConfigureEndpoints(IPAddress.Loopback, Number(arguments[2]), Number(arguments[3]));
            silo.AddRaft(options =>
            {
                options.DataDirectory = Path.Combine(arguments[4], "raft");
                options.InitialSilos = [.. voters.Keys];
                options.Hibernation = arguments[6] == "sleep";
            });
            silo.AddRaftGrainStorage(Family, options => options.Groups = groups);
        });
        return builder.Build();
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static async Task WatchAsync(RaftHost host, int groups, CancellationToken enough)
    {
        var leads = new bool[groups];
        var counts = "";
        for (var look = 0; !enough.IsCancellationRequested; look++)
        {
            var (asleep, led) = (0, 0);
            for (var index = 0; index < groups; index++)
            {
                if (!host.TryFind(new RaftGroupId(Family, index), out var group) || group.Replica is not { } replica)
                {
                    continue;
                }

                asleep += replica.IsAsleep ? 1 : 0;
                led += group.Client.Leader.IsNone ? 0 : 1;
                if (replica.IsLeader != leads[index])
                {
                    leads[index] = !leads[index];
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"> {(leads[index] ? "leads" : "ceases")} {index} {Stopwatch.GetTimestamp()}"));
                }
            }

            if (look % 50 == 0 && $"> counts {asleep} {led}" is var now && now != counts)
            {
                counts = now;
                Console.WriteLine(counts);
            }

            await Pause.ForAsync(TimeSpan.FromMilliseconds(4));
        }
    }
}
