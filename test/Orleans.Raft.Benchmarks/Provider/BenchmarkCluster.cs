using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Orleans.Raft.Benchmarks.Provider;

/// <summary>Three silos in this process over loopback TCP, each with both providers; Raft's logs on disk.</summary>
internal sealed class BenchmarkCluster : IAsyncDisposable
{
    private const int FirstSiloPort = 21111;
    private const int FirstGatewayPort = 31111;
    private static readonly string[] Names = ["b1", "b2", "b3"];

    private readonly List<IHost> _hosts = [];

    public IGrainFactory Grains => _hosts[0].Services.GetRequiredService<IGrainFactory>();

    public static async Task<BenchmarkCluster> StartAsync(string data, int groups, bool inMemory)
    {
        var cluster = new BenchmarkCluster();
        for (var i = 0; i < Names.Length; i++)
        {
            cluster._hosts.Add(Build(i, Path.Combine(data, Names[i]), groups, inMemory));
        }
        await Task.WhenAll(cluster._hosts.Select(host => host.StartAsync()));
        return cluster;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_hosts.Select(host => host.StopAsync()));
        _hosts.ForEach(host => host.Dispose());
    }

    private static IHost Build(int index, string data, int groups, bool inMemory)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders().AddConsole().SetMinimumLevel(LogLevel.Error);
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(FirstSiloPort + index, FirstGatewayPort + index, new IPEndPoint(IPAddress.Loopback, FirstSiloPort));
            silo.Configure<SiloOptions>(options => options.SiloName = Names[index]);
            silo.AddMemoryGrainStorage("memory");
            silo.AddRaft(options =>
            {
                options.DataDirectory = inMemory ? null : data;
                options.InMemory = inMemory;
                options.InitialSilos = Names;
            });
            silo.AddRaftGrainStorage("raft", options => options.Groups = groups);
        });
        return builder.Build();
    }
}
