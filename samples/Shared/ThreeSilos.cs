using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Samples;

/// <summary>
/// Three silos in this process that keep state and membership themselves: no database, no other server. Silo i listens on the first port + i, its gateway
/// 100 above, clustering 200 above.
/// </summary>
internal sealed class ThreeSilos(string data, int firstPort, Action<ISiloBuilder> configure) : IAsyncDisposable
{
    /// <summary>Stable names; a silo's data belongs to its name.</summary>
    public static readonly string[] Names = ["s1", "s2", "s3"];

    private const int GatewayOffset = 100;
    private const int ClusteringOffset = 200;
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(15);

    private readonly IHost?[] _hosts = new IHost?[Names.Length];

    /// <summary>Services of a silo that runs.</summary>
    public IServiceProvider this[int silo] =>
        _hosts[silo]?.Services ?? throw new InvalidOperationException($"The silo {Names[silo]} does not run.");

    /// <summary>Starts all at once: the first start of all needs every silo, each later one a majority.</summary>
    public Task StartAsync() => Task.WhenAll(Enumerable.Range(0, Names.Length).Select(StartAsync));

    /// <summary>Starts one silo.</summary>
    public async Task StartAsync(int silo)
    {
        _hosts[silo] = Build(silo);
        await _hosts[silo]!.StartAsync();
    }

    /// <summary>Stops one silo. The others go on.</summary>
    public async Task StopAsync(int silo)
    {
        if (Interlocked.Exchange(ref _hosts[silo], null) is { } host)
        {
            using var timeout = new CancellationTokenSource(StopTimeout);
            await host.StopAsync(timeout.Token);
            host.Dispose();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await Task.WhenAll(Enumerable.Range(0, Names.Length).Select(StopAsync));

    private IHost Build(int silo)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = Names[silo] });
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(LogLevel.Error);
        builder.UseOrleans(orleans =>
        {
            orleans.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = ("sample", "sample"));
            orleans.Configure<SiloOptions>(options => options.SiloName = Names[silo]);
            orleans.ConfigureEndpoints("127.0.0.1", firstPort + silo, firstPort + silo + GatewayOffset);
            orleans.UseRaftClustering(clustering =>
            {
                clustering.DataDirectory = Path.Combine(data, Names[silo]);
                for (var voter = 0; voter < Names.Length; voter++)
                {
                    clustering.Voters[Names[voter]] = $"127.0.0.1:{firstPort + voter + ClusteringOffset}";
                }
            });
            orleans.AddRaft(raft =>
            {
                raft.InitialSilos = Names;
                raft.DataDirectory = Path.Combine(data, Names[silo]);
            });
            configure(orleans);
        });
        return builder.Build();
    }
}
