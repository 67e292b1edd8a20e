using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.Raft.Cluster.Tests;

/// <summary>Silos as generic hosts over TCP, on Orleans' production directory. The first is the primary of the membership and must outlive the others.</summary>
public sealed class SiloSet : IAsyncDisposable
{
    public const string Family = "pairs";

    private readonly int[] _siloPorts;
    private readonly int[] _gatewayPorts;
    private readonly IHost?[] _hosts;
    private readonly bool[] _hasStarted;
    private readonly Action<ISiloBuilder, int> _configure;
    private readonly SharedMembership? _membership;
    private readonly string _service = $"test-{Guid.NewGuid():N}";

    /// <summary>Prepares silos.</summary>
    /// <param name="count">How many.</param>
    /// <param name="configure">What they have.</param>
    /// <param name="canRestartFirst">True: membership is the test's own, so that the first silo too can stop while the others run.</param>
    public SiloSet(int count, Action<ISiloBuilder, int> configure, bool canRestartFirst = false)
    {
        _membership = canRestartFirst ? new SharedMembership() : null;
        _siloPorts = FreePorts(count);
        _gatewayPorts = FreePorts(count);
        _hosts = new IHost?[count];
        _hasStarted = new bool[count];
        _configure = configure;
    }

    /// <summary>Service id, under which the directories are kept.</summary>
    public string Service => _service;

    public static IList<string> Names(int count) => [.. Enumerable.Range(1, count).Select(number => $"s{number}")];

    public IServiceProvider this[int silo] => _hosts[silo]?.Services ?? throw new InvalidOperationException($"silo {silo} does not run");

    public IRaftGroup Group(int silo, int index = 0) => this[silo].GetRequiredService<IRaftGroupFactory>().GetGroup(Family, index);

    public IRaftManagementGrain Management(int silo) => this[silo].GetRequiredService<IGrainFactory>().GetGrain<IRaftManagementGrain>(0);

    public Task<RaftGroupStatus> MetaStatusAsync(int silo) => Management(silo).GetGroupAsync("$meta", 0);

    /// <summary>Starts silos together: the first start of each needs the others.</summary>
    public async Task StartAsync(params int[] silos)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        foreach (var silo in silos)
        {
            _hosts[silo] = Build(silo);
        }

        await Task.WhenAll(silos.Select(async silo =>
        {
            await _hosts[silo]!.StartAsync(timeout.Token);
            _hasStarted[silo] = true;
        }));
    }

    /// <summary>Makes membership show a silo as active that is not there, or as dead again. Needs a membership of the test's own.</summary>
    public void ShowGhost(int silo, SiloStatus status) => _membership!.WriteGhost(
        SiloAddress.New(new IPEndPoint(IPAddress.Loopback, _siloPorts[silo]), int.MaxValue), $"s{silo + 1}", status);

    /// <summary>Silos that run and are not being stopped.</summary>
    public IEnumerable<int> Running => Enumerable.Range(0, _hosts.Length).Where(silo => _hosts[silo] is not null && _hasStarted[silo]);

    /// <summary>Stops silos at the same time, as when a whole cluster is shut down.</summary>
    public Task StopTogetherAsync(params int[] silos) => Task.WhenAll(silos.Select(silo => StopAsync(silo)));

    public async Task StopAsync(params int[] silos)
    {
        foreach (var silo in silos)
        {
            var (host, hasStarted) = (_hosts[silo]!, _hasStarted[silo]);
            _hasStarted[silo] = false;
            _hosts[silo] = null;
            if (hasStarted)
            {
                await host.StopAsync();
            }

            await ((IAsyncDisposable)host).DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        for (var silo = _hosts.Length - 1; silo >= 0; silo--)
        {
            if (_hosts[silo] is not null)
            {
                await StopAsync(silo);
            }
        }
    }

    public static async Task<string> SetAsync(IRaftGroup group, string key, string value)
    {
        var before = await group.ProposeAsync(Encoding.UTF8.GetBytes($"{key}={value}"), CancellationToken.None);
        return Encoding.UTF8.GetString(before.Span);
    }

    public static async Task<string> GetAsync(IRaftGroup group, string key)
    {
        var value = await group.ReadAsync(Encoding.UTF8.GetBytes(key), RaftReadOptions.Linearizable, CancellationToken.None);
        return Encoding.UTF8.GetString(value.Span);
    }

    private IHost Build(int silo)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddProvider(new FileLoggerProvider($"s{silo + 1}"));
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Logging.AddFilter("Orleans.Raft", LogLevel.Debug);
        builder.UseOrleans(orleans =>
        {
            orleans.UseLocalhostClustering(
                _siloPorts[silo], _gatewayPorts[silo], new IPEndPoint(IPAddress.Loopback, _siloPorts[0]), _service, _service);
            if (_membership is not null)
            {
                orleans.Services.AddSingleton<IMembershipTable>(_membership);
            }

            orleans.Configure<SiloOptions>(options => options.SiloName = $"s{silo + 1}");

            // Tests place leaders by hand; those of balancing turn it on.
            orleans.Services.Configure<RaftOptions>(options => options.LeaderBalancing = false);
            _configure(orleans, silo);
        });
        return builder.Build();
    }

    public static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        foreach (var listener in listeners)
        {
            listener.Start();
        }

        var ports = listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port).ToArray();
        foreach (var listener in listeners)
        {
            listener.Stop();
        }

        return ports;
    }
}
