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

    public IReadOnlyList<IHost> Hosts => _hosts;

    /// <summary>Starts the silos with the memory provider and Raft's; <paramref name="more"/> adds further storages.</summary>
    public static Task<BenchmarkCluster> StartAsync(string data, int groups, bool inMemory, Action<ISiloBuilder>? more = null) => StartAsync(data, (options, silo) =>
    {
        options.InMemory = inMemory;
        silo.AddMemoryGrainStorage("memory");
        silo.AddRaftGrainStorage("raft", storage => storage.Groups = groups);
        more?.Invoke(silo);
    });

    public static async Task<BenchmarkCluster> StartAsync(string data, Action<RaftOptions, ISiloBuilder> configure)
    {
        var cluster = new BenchmarkCluster();
        int[] ports = [.. Names.SelectMany(_ => new[] { ServerProcess.FreePort(), ServerProcess.FreePort() })];
        for (var i = 0; i < Names.Length; i++)
        {
            cluster._hosts.Add(Build(i, ports, Path.Combine(data, Names[i]), configure));
        }
        await Task.WhenAll(cluster._hosts.Select(host => host.StartAsync()));
        return cluster;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_hosts.Select(host => host.StopAsync()));
        _hosts.ForEach(host => host.Dispose());
    }

    private static IHost Build(int index, int[] ports, string data, Action<RaftOptions, ISiloBuilder> configure)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders().AddConsole().SetMinimumLevel(LogLevel.Error);
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(ports[2 * index], ports[(2 * index) + 1], new IPEndPoint(IPAddress.Loopback, ports[0]));
            silo.Configure<SiloOptions>(options => options.SiloName = Names[index]);
            var settings = new RaftOptions { InitialSilos = Names };
            configure(settings, silo);
            silo.AddRaft(options =>
            {
                options.DataDirectory = settings.InMemory ? null : data;
                options.InMemory = settings.InMemory;
                options.InitialSilos = Names;
                options.Hibernation = settings.Hibernation;
            });
        });
        return builder.Build();
    }
}
