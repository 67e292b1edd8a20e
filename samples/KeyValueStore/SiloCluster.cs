using System.Net;
using Orleans.Configuration;
using Orleans.Hosting;

namespace KeyValueStore;

/// <summary>Three silos in this process, each with its own folder of data. One can be stopped and started while the others go on.</summary>
internal sealed class SiloCluster(CommandLine options)
{
    /// <summary>Stable names; a silo's data belongs to its name.</summary>
    public static readonly string[] Names = ["n1", "n2", "n3"];

    private const int GatewayOffset = 100;
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(8);

    private readonly SemaphoreSlim _change = new(1);
    private readonly IHost?[] _hosts = new IHost?[Names.Length];
    private volatile IServiceProvider[] _running = [];
    private int _turn;

    /// <summary>True once all silos have run.</summary>
    public bool HasStarted { get; private set; }

    /// <summary>True from the moment the program is told to end.</summary>
    public bool IsStopping { get; private set; }

    /// <summary>Services of a running silo, of each in turn; null when none runs.</summary>
    public IServiceProvider? AnySilo() => _running is { Length: > 0 } running ? running[(uint)Interlocked.Increment(ref _turn) % running.Length] : null;

    /// <summary>Port of a silo.</summary>
    public int PortOf(int silo) => options.SiloPort + silo;

    /// <summary>Ports that the silos need.</summary>
    public IEnumerable<int> Ports() => Enumerable.Range(0, Names.Length).SelectMany(silo => new[] { PortOf(silo), PortOf(silo) + GatewayOffset });

    /// <summary>Whether a silo runs.</summary>
    public bool IsRunning(int silo) => _hosts[silo] is { } host && Array.IndexOf(_running, host.Services) >= 0;

    /// <summary>Starts all silos at once: a group needs a majority of them before the first is of use.</summary>
    public async Task StartAllAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(Enumerable.Range(0, Names.Length).Select(silo => StartAsync(silo, cancellationToken)));
        HasStarted = true;
    }

    /// <summary>Starts a silo that doesn't run.</summary>
    public async Task StartAsync(int silo, CancellationToken cancellationToken)
    {
        if (_hosts[silo] is null)
        {
            var host = Build(silo);
            _hosts[silo] = host;
            await host.StartAsync(cancellationToken);
            await PublishAsync();
        }
    }

    /// <summary>Stops a silo; its requests go to the others first.</summary>
    public async Task StopAsync(int silo)
    {
        if (_hosts[silo] is { } host)
        {
            _hosts[silo] = null;
            await PublishAsync();
            using var timeout = new CancellationTokenSource(StopTimeout);
            await host.StopAsync(timeout.Token);
            host.Dispose();
        }
    }

    /// <summary>Refuses new requests from now on and stops all silos.</summary>
    public async Task StopAllAsync()
    {
        IsStopping = true;

        // The first silo holds the membership table, in which the others sign off.
        await Task.WhenAll(Enumerable.Range(1, Names.Length - 1).Select(StopAsync));
        await StopAsync(0);
    }

    private async Task PublishAsync()
    {
        await _change.WaitAsync();
        _running = [.. _hosts.Where(host => host is not null).Select(host => host!.Services)];
        _change.Release();
    }

    private IHost Build(int silo)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = Names[silo] });
        Program.ConfigureLogging(builder.Logging);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.UseOrleans(orleans =>
        {
            // Until the silos keep their membership in Raft too, the first one holds it.
            orleans.UseLocalhostClustering(
                PortOf(silo), PortOf(silo) + GatewayOffset, new IPEndPoint(IPAddress.Loopback, PortOf(0)), "key-value-store", "key-value-store");
            orleans.Configure<SiloOptions>(values => values.SiloName = Names[silo]);
            orleans.Configure<ClusterMembershipOptions>(DetectFailuresQuickly);
            orleans.AddRaft(raft =>
            {
                raft.InitialSilos = Names;
                raft.DataDirectory = Path.Combine(options.Data, Names[silo]);
            });

            // A deleted key leaves nothing behind.
            orleans.AddRaftGrainStorage("raft", storage => storage.DeleteStateOnClear = true);
        });
        return builder.Build();
    }

    /// <summary>
    /// A dead silo's keys are served again within seconds, not minutes. The price: a silo that is only slow (a long garbage collection, a frozen machine) is
    /// declared dead as quickly, and must start again.
    /// </summary>
    private static void DetectFailuresQuickly(ClusterMembershipOptions membership)
    {
        membership.ProbeTimeout = TimeSpan.FromSeconds(1);
        membership.NumMissedProbesLimit = 3;
        membership.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(2);
        membership.EnableConnectionLivenessCheck = false;
    }
}
