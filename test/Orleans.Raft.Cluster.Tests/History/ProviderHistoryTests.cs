using System.Globalization;
using ClusteringSilo;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Cluster.Tests.History;

/// <summary>
/// The grain storage of three processes under SIGKILL and SIGSTOP; clients read, write and clear through all of them with ETags, unknown outcomes included, and a checker judges what they
/// were told. <c>ORLEANS_RAFT_CHAOS_SECONDS</c> says for how long, <c>ORLEANS_RAFT_CHAOS_SEED</c> repeats a run's choices.
/// </summary>
public sealed class ProviderHistoryTests(ITestOutputHelper output) : IDisposable
{
    private const int Clients = 6;
    private const int DefaultSeconds = 3;

    // Orleans' words.
    private const string DeclaredDead = "been told I am dead";

    private static readonly TimeSpan SearchLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(120);

    private readonly string _data = Directory.CreateTempSubdirectory("provider-chaos-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task Reads_writes_and_clears_with_ETags_stay_linearizable_while_silos_are_killed_and_paused()
    {
        var seed = Number("ORLEANS_RAFT_CHAOS_SEED", Random.Shared.Next());
        var length = TimeSpan.FromSeconds(Number("ORLEANS_RAFT_CHAOS_SECONDS", DefaultSeconds));
        output.WriteLine($"seed {seed}, {length}");
        var ports = SiloSet.FreePorts(9);
        var voters = Enumerable.Range(0, 3).ToDictionary(i => $"s{i + 1}", i => $"127.0.0.1:{ports[(3 * i) + 2]}");
        ProviderSilo[] silos = [.. Enumerable.Range(0, 3).Select(i => new ProviderSilo(
            new SiloArguments($"s{i + 1}", ports[3 * i], ports[(3 * i) + 1], Path.Combine(_data, $"s{i + 1}"), voters)))];
        try
        {
            await Task.WhenAll(silos.Select(silo => silo.StartAsync()));
            var log = new HistoryLog();
            ProviderClient[] clients = [.. Enumerable.Range(0, Clients).Select(i => new ProviderClient($"c{i}", seed + i, silos, log))];
            using var stop = new CancellationTokenSource();
            var running = clients.Select(client => client.RunAsync(stop.Token)).ToArray();
            await HarmAsync(silos, new Random(seed), length, log);
            await stop.CancelAsync();
            await Task.WhenAll(running);
            output.WriteLine($"{log}");
            await StartEndedAsync(silos, log);
            await ReadAllAsync(clients[0], silos, log);
            Judge(log, silos, seed);
        }
        finally
        {
            foreach (var silo in silos)
            {
                await silo.DisposeAsync();
            }
        }
    }

    private async Task HarmAsync(ProviderSilo[] silos, Random random, TimeSpan length, HistoryLog log)
    {
        while (log.Now < length.TotalMicroseconds)
        {
            await WaitAsync(TimeSpan.FromSeconds(0.5 + (2 * random.NextDouble())));
            await StartEndedAsync(silos, log);
            var victim = random.Next(3);
            var isKill = random.Next(2) == 0;
            output.WriteLine($"{log.Now / 1e6:f1} s: {(isKill ? "SIGKILL" : "SIGSTOP")} for s{victim + 1}");
            if (isKill)
            {
                await silos[victim].KillAsync();
                await WaitAsync(TimeSpan.FromSeconds(2 * random.NextDouble()));
                await silos[victim].StartAsync();
            }
            else
            {
                await silos[victim].SignalAsync("STOP");
                await WaitAsync(TimeSpan.FromSeconds(0.5 + (5 * random.NextDouble())));
                await silos[victim].SignalAsync("CONT");
            }
        }
    }

    // Orleans ends a silo that finds itself declared dead, as happens to one that was paused for long. No other end is expected.
    private async Task StartEndedAsync(ProviderSilo[] silos, HistoryLog log)
    {
        foreach (var silo in silos.Where(silo => silo.HasEnded))
        {
            var ended = silo.Output;
            Assert.True(ended.Contains(DeclaredDead, StringComparison.Ordinal), $"{silo.Name} has ended by itself\n{ended}");
            output.WriteLine($"{log.Now / 1e6:f1} s: {silo.Name} was declared dead and starts again");
            await silo.StartAsync();
        }
    }

    /// <summary>Every key is read through every silo, so that what was acknowledged last and is lost shows.</summary>
    private static async Task ReadAllAsync(ProviderClient client, ProviderSilo[] silos, HistoryLog log)
    {
        var start = TimeProvider.System.GetTimestamp();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        foreach (var key in log.Keys.ToList())
        {
            foreach (var silo in silos)
            {
                while (!await client.ReadAsync(key, silo))
                {
                    Assert.True(TimeProvider.System.GetElapsedTime(start) < ReadLimit, $"{key} can't be read when all is over\n{silo.Output}");
                    await pace.WaitForNextTickAsync();
                }
            }
        }
    }

    private void Judge(HistoryLog log, ProviderSilo[] silos, int seed)
    {
        Assert.True(log.Oddities.Count == 0, $"seed {seed}\n{string.Join('\n', log.Oddities)}");
        var results = log.Judge(SearchLimit);
        foreach (var (key, result) in results.Where(result => result.Result.Verdict is not HistoryVerdict.Linearizable))
        {
            output.WriteLine($"{key}: {result.Verdict}. {result.Explanation}");
            output.WriteLine(string.Join('\n', log.Of(key).OrderBy(operation => operation.Invoked)));
        }

        output.WriteLine($"{results.Count} keys judged");
        Assert.All(results, result => Assert.True(
            result.Result.Verdict is HistoryVerdict.Linearizable, $"seed {seed}, {result.Key}: {result.Result}\n{string.Join('\n', silos.Select(silo => silo.Output))}"));
        Assert.NotEmpty(results);
    }

    /// <summary>How long a fault lasts is the fault's own; nothing is waited for.</summary>
    private static async Task WaitAsync(TimeSpan time)
    {
        using var timer = new PeriodicTimer(time + TimeSpan.FromMilliseconds(1));
        await timer.WaitForNextTickAsync();
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
