using System.Globalization;
using Orleans.Raft.Cluster.Tests.FirstLight;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Cluster.Tests.History;

/// <summary>
/// Three processes under SIGKILL and SIGSTOP, clients on all of them, and a checker that judges what the clients were told. <c>ORLEANS_RAFT_CHAOS_SECONDS</c> says for how
/// long, <c>ORLEANS_RAFT_CHAOS_SEED</c> repeats a run's choices.
/// </summary>
public sealed class ChaosTests(ITestOutputHelper output) : IDisposable
{
    private const int Clients = 6;
    private const int DefaultSeconds = 60;

    private static readonly TimeSpan SearchLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);

    private readonly string _data = Directory.CreateTempSubdirectory("key-value-chaos-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task Histories_of_clients_stay_linearizable_while_nodes_are_killed_and_paused()
    {
        var seed = Number("ORLEANS_RAFT_CHAOS_SEED", Random.Shared.Next());
        var length = TimeSpan.FromSeconds(Number("ORLEANS_RAFT_CHAOS_SECONDS", DefaultSeconds));
        output.WriteLine($"seed {seed}, {length}");
        await using var nodes = new NodeSet(_data);
        await nodes.StartAsync();

        var log = new HistoryLog();
        Uri[] addresses = [.. Enumerable.Range(0, 3).Select(nodes.AddressOf)];
        HistoryClient[] clients = [.. Enumerable.Range(0, Clients).Select(i => new HistoryClient($"c{i}", seed + i, addresses, log))];
        using var stop = new CancellationTokenSource();
        var running = clients.Select(client => client.RunAsync(stop.Token)).ToArray();
        try
        {
            await HarmAsync(nodes, new Random(seed), length, log);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(running);
        }

        output.WriteLine($"{log}");
        await ReadAllAsync(clients[0], addresses, log);
        foreach (var client in clients)
        {
            client.Dispose();
        }

        Judge(log, nodes, seed);
    }

    private async Task HarmAsync(NodeSet nodes, Random random, TimeSpan length, HistoryLog log)
    {
        while (log.Now < length.TotalMicroseconds)
        {
            await WaitAsync(TimeSpan.FromSeconds(1 + (2 * random.NextDouble())));
            var node = random.Next(3);
            var (isKill, isTwo) = (random.Next(100) < 60, random.Next(100) < 30);
            int[] victims = isTwo ? [node, (node + 1) % 3] : [node];
            output.WriteLine($"{log.Now / 1e6:f1} s: {(isKill ? "SIGKILL" : "SIGSTOP")} of {string.Join(" and ", victims.Select(victim => $"n{victim + 1}"))}");
            if (!isKill)
            {
                await Task.WhenAll(victims.Select(victim => nodes[victim].PauseAsync()));
                await WaitAsync(TimeSpan.FromSeconds(0.5 + (7 * random.NextDouble())));
                await Task.WhenAll(victims.Select(victim => nodes[victim].ContinueAsync()));
                continue;
            }

            await Task.WhenAll(victims.Select(victim => nodes[victim].KillAsync()));
            await WaitAsync(TimeSpan.FromSeconds(4 * random.NextDouble()));
            foreach (var victim in victims)
            {
                await nodes[victim].DisposeAsync();
                nodes.Start(victim);
            }

            await Task.WhenAll(victims.Select(victim => nodes[victim].WaitUntilRunningAsync()));
        }
    }

    /// <summary>Every key is read through every node, so that what was acknowledged last and is lost shows.</summary>
    private static async Task ReadAllAsync(HistoryClient client, Uri[] addresses, HistoryLog log)
    {
        var start = TimeProvider.System.GetTimestamp();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        foreach (var key in log.Keys.ToList())
        {
            foreach (var address in addresses)
            {
                while (!await client.ReadAsync(key, address))
                {
                    Assert.True(TimeProvider.System.GetElapsedTime(start) < StartLimit, $"{key} can't be read through {address} when all is over");
                    await pace.WaitForNextTickAsync();
                }
            }
        }
    }

    private void Judge(HistoryLog log, NodeSet nodes, int seed)
    {
        Assert.True(log.Oddities.Count == 0, $"seed {seed}\n{string.Join('\n', log.Oddities)}\n{nodes.Describe()}");
        var results = log.Judge(SearchLimit);
        foreach (var (key, result) in results.Where(result => result.Result.Verdict is not HistoryVerdict.Linearizable))
        {
            output.WriteLine($"{key}: {result.Verdict}. {result.Explanation}");
            output.WriteLine(string.Join('\n', log.Of(key).OrderBy(operation => operation.Invoked)));
        }

        Assert.All(results, result => Assert.True(result.Result.Verdict is HistoryVerdict.Linearizable, $"seed {seed}, {result.Key}: {result.Result}\n{nodes.Describe()}"));
        Assert.True(results.Count > 0, "Nothing was done, so nothing is shown.");
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
