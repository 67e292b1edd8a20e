using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Raft.Benchmarks.Providers;

namespace Orleans.Raft.Benchmarks.Provider;

/// <summary>Three silos in this process over loopback TCP, each with both providers; Raft's logs on disk.</summary>
internal sealed class BenchmarkCluster : IAsyncDisposable
{
    private static readonly string[] Names = ["b1", "b2", "b3"];

    private readonly List<IHost> _hosts = [];

    public IGrainFactory Grains => _hosts[0].Services.GetRequiredService<IGrainFactory>();

    /// <summary>Starts the silos; <paramref name="more"/> adds further storages.</summary>
    public static async Task<BenchmarkCluster> StartAsync(string data, int groups, bool inMemory, Action<ISiloBuilder>? more = null)
    {
        var cluster = new BenchmarkCluster();
        int[] ports = [.. Names.SelectMany(_ => new[] { ServerProcess.FreePort(), ServerProcess.FreePort() })];
        for (var i = 0; i < Names.Length; i++)
        {
            cluster._hosts.Add(Build(i, ports, Path.Combine(data, Names[i]), groups, inMemory, more));
        }
        await Task.WhenAll(cluster._hosts.Select(host => host.StartAsync()));
        return cluster;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_hosts.Select(host => host.StopAsync()));
        _hosts.ForEach(host => host.Dispose());
    }

    private static IHost Build(int index, int[] ports, string data, int groups, bool inMemory, Action<ISiloBuilder>? more)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders().AddConsole().SetMinimumLevel(LogLevel.Error);
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(ports[2 * index], ports[(2 * index) + 1], new IPEndPoint(IPAddress.Loopback, ports[0]));
            silo.Configure<SiloOptions>(options => options.SiloName = Names[index]);
            silo.AddMemoryGrainStorage("memory");
            silo.AddRaft(options =>
            {
                options.DataDirectory = inMemory ? null : data;
                options.InMemory = inMemory;
                options.InitialSilos = Names;
            });
            silo.AddRaftGrainStorage("raft", options => options.Groups = groups);
            more?.Invoke(silo);
        });
        return builder.Build();
    }
}
