using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Orleans.Hosting;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Stop;

public sealed class StopTests : IDisposable
{
    private const int Grains = 60;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_rolling_restart_under_load_loses_no_acknowledged_write_and_costs_no_request_more_than_a_retry()
    {
        await using var silos = Silos(3);
        await silos.StartAsync(0, 1, 2);
        await ReadyAsync(silos, 0, 1, 2);
        using var enough = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 4).Select(writer => WriteAsync(silos, writer, enough.Token)).ToArray();
        for (var silo = 0; silo < 3; silo++)
        {
            await silos.StopAsync(silo);
            await silos.StartAsync(silo);
            await ReadyAsync(silos, silo);
        }

        await enough.CancelAsync();
        var acknowledged = await Task.WhenAll(writers);
        for (var writer = 0; writer < writers.Length; writer++)
        {
            Assert.True(acknowledged[writer] > 10, $"writer {writer} has {acknowledged[writer]} writes");
            Assert.Equal($"{acknowledged[writer]}", await SiloSet.GetAsync(silos.Group(writer % 3, writer % 2), $"w{writer}"));
        }
    }

    [Fact]
    public async Task Grains_that_write_when_deactivated_succeed_when_their_silo_stops_and_when_all_silos_stop_at_once()
    {
        await using var silos = Silos(3);
        await silos.StartAsync(0, 1, 2);
        await SayHelloAsync(silos, "");
        await silos.StopAsync(2);
        var left = await TextsAsync(silos, 0);
        Assert.Contains(left, text => text.Length > 0);

        await silos.StartAsync(2);
        await TextsAsync(silos, 2);
        await silos.StopTogetherAsync(0, 1, 2);
        await silos.StartAsync(0, 1, 2);
        Assert.All(await TextsAsync(silos, 1), text => Assert.EndsWith("said goodbye", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task On_the_only_silo_grains_that_write_when_deactivated_succeed()
    {
        await using var silos = Silos(1);
        await silos.StartAsync(0);
        await SayHelloAsync(silos, "");
        await silos.StopAsync(0);
        await silos.StartAsync(0);
        Assert.All(await TextsAsync(silos, 0), text => Assert.EndsWith("said goodbye", text, StringComparison.Ordinal));
    }

    private SiloSet Silos(int count) => new(
        count,
        (orleans, silo) => orleans
            .AddRaft(options =>
            {
                options.InitialSilos = SiloSet.Names(count);
                options.DataDirectory = Path.Combine(_directory.Path, $"s{silo + 1}");
            })
            .AddRaftGrainStorageAsDefault(options => options.Groups = 2)
            .AddRaftGroup<KeyValueMachine>(SiloSet.Family, options => options.Groups = 2)
            .ConfigureServices(services => services.AddHealthChecks().AddRaft()),
        canRestartFirst: true);

    private static async Task ReadyAsync(SiloSet silos, params int[] which)
    {
        foreach (var silo in which)
        {
            var checks = silos[silo].GetRequiredService<HealthCheckService>();
            await Until.AsyncTrue(() => checks.CheckHealthAsync(), report => report.Status == HealthStatus.Healthy);
        }
    }

    private static async Task SayHelloAsync(SiloSet silos, string expected) =>
        Assert.All(await TextsAsync(silos, 0), text => Assert.Equal(expected, text));

    private static async Task<string[]> TextsAsync(SiloSet silos, int silo)
    {
        var grains = silos[silo].GetRequiredService<IGrainFactory>();
        return await Task.WhenAll(Enumerable.Range(0, Grains).Select(number =>
            Until.AsyncTrue(() => grains.GetGrain<IFarewellGrain>($"g{number}").GetAsync(), _ => true)));
    }

    private static IRaftGroup RunningGroup(SiloSet silos, int turn, int index)
    {
        while (true)
        {
            try
            {
                var running = silos.Running.ToArray();
                return silos.Group(running[turn % running.Length], index);
            }
            catch (InvalidOperationException)
            {
                // It has begun to stop just now; another one is asked.
            }
        }
    }

    // Writes 1, 2, 3… under one key, each through whichever silo runs; a write that fails is tried once more on another silo.
    private static async Task<int> WriteAsync(SiloSet silos, int writer, CancellationToken enough)
    {
        var number = 0;
        while (!enough.IsCancellationRequested)
        {
            number++;
            try
            {
                await SiloSet.SetAsync(RunningGroup(silos, number, writer % 2), $"w{writer}", $"{number}");
            }
            catch (Exception exception) when (exception is Orleans.Runtime.OrleansException or OutcomeUnknownException)
            {
                await SiloSet.SetAsync(RunningGroup(silos, number + 1, writer % 2), $"w{writer}", $"{number}");
            }
        }

        return number;
    }
}
