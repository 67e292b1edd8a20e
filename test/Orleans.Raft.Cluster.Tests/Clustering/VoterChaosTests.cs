using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using ClusteringSilo;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Raft.Storage.Clustering;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Cluster.Tests.Clustering;

/// <summary>
/// Three voters as processes under SIGKILL and SIGSTOP of any of them, of a majority and of all, under cut cables and lost disks, while silos join and leave. Nothing
/// acknowledged is lost, nothing cleaned up comes back, no read is older than one before it. <c>ORLEANS_RAFT_CHAOS_SECONDS</c> (60) says for how long.
/// </summary>
public sealed class VoterChaosTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Voters = 3;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(Number("ORLEANS_RAFT_CHAOS_SECONDS", 60));

    private readonly int _seed = Number("ORLEANS_RAFT_CHAOS_SEED", Environment.TickCount);
    private readonly TemporaryDirectory _data = new();
    private readonly Cables _cables = new(Voters);
    private readonly SiloProcess?[] _processes = new SiloProcess[Voters];
    private readonly TableHistory _history = new();
    private readonly List<ClusteringNode> _clients = [];
    private readonly ConcurrentQueue<string> _story = [];
    private Task _replacing = Task.CompletedTask;

    public async Task InitializeAsync()
    {
        for (var voter = 0; voter < Voters; voter++)
        {
            Start(voter);
        }

        for (var client = 0; client < 4; client++)
        {
            var node = new ClusteringNode(ClientSettings(client), null, TimeProvider.System, NullLoggerFactory.Instance);
            await node.StartAsync(CancellationToken.None);
            _clients.Add(node);
        }
    }

    public async Task DisposeAsync()
    {
        output.WriteLine($"seed {_seed}; {_history.Writes} writes, {_history.Reads} reads, {_history.Gone} silos cleaned up\n{string.Join('\n', _story)}");
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }

        foreach (var process in _processes)
        {
            await (process?.DisposeAsync() ?? default);
        }

        await _cables.DisposeAsync();
        _data.Dispose();
    }

    [Fact]
    public async Task No_row_is_lost_or_comes_back_and_no_read_is_stale_whoever_is_killed_or_cut_off()
    {
        await _history.ReadWhenPossibleAsync(_clients[0].Client);
        using var ending = new CancellationTokenSource(Duration);
        var silos = _clients.Select((client, i) => new ChaosSilo(i + 1, client.Client, _history)).ToList();
        var living = silos.Select(silo => Task.Run(() => silo.RunAsync(ending.Token))).ToList();
        await DisturbAsync(new Random(_seed), living, ending.Token);
        await RepairAsync();
        await Task.WhenAll(living);
        await _replacing;

        var view = await _history.ReadWhenPossibleAsync(_clients[0].Client);
        silos.ForEach(silo => silo.Check(view));
        Assert.InRange(_history.Writes, 10, int.MaxValue);
        Assert.All(_processes, static process => Assert.DoesNotContain("takes no part any more", process!.Output, StringComparison.Ordinal));
    }

    private static int Number(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private ClusteringNodeSettings ClientSettings(int client) => new()
    {
        Voter = new VoterSettings
        {
            Name = $"client{client}",
            Cluster = SiloHost.ClusterId,
            Voters = VoterSettings.Sorted(Enumerable.Range(0, Voters).ToDictionary(Cables.Name, voter => $"127.0.0.1:{_cables.Ports[voter]}")),
        },
        Secret = "secret",
    };

    private async Task DisturbAsync(Random random, List<Task> living, CancellationToken ending)
    {
        var watch = Stopwatch.StartNew();
        while (!ending.IsCancellationRequested && !living.Exists(static silo => silo.IsFaulted))
        {
            var writes = _history.Writes;
            using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(random.Next(100, 2000)));
            await pause.WaitForNextTickAsync(CancellationToken.None);
            var victims = random.Next(6) switch { 0 => 3, 1 => 2, _ => 1 };
            var order = Enumerable.Range(0, Voters).OrderBy(_ => random.Next()).Take(victims).ToList();
            var blow = (Blow)random.Next(4);
            if (blow is Blow.Wipe)
            {
                // One lost disk at a time: two of three are too many for any group.
                (blow, order) = (_replacing.IsCompleted ? Blow.Wipe : Blow.Kill, order[..1]);
            }

            _story.Enqueue($"{watch.Elapsed.TotalSeconds:f1} s: {blow} {string.Join(", ", order.Select(Cables.Name))} after {writes} writes");
            foreach (var voter in order)
            {
                await StrikeAsync(blow, voter, random);
            }

            using var outage = new PeriodicTimer(TimeSpan.FromMilliseconds(random.Next(50, 4500)));
            await outage.WaitForNextTickAsync(CancellationToken.None);
            await RepairAsync();

            // Mostly the group may recover; now and then the next blow comes before.
            for (var waits = 0; random.Next(4) != 0 && waits < 100 && _history.Writes == writes && !ending.IsCancellationRequested; waits++)
            {
                await outage.WaitForNextTickAsync(CancellationToken.None);
            }
        }
    }

    private async Task StrikeAsync(Blow blow, int voter, Random random)
    {
        switch (blow)
        {
            case Blow.Cut:
                CutOff(voter, random);
                break;
            case Blow.Pause:
                await _processes[voter]!.PauseAsync();
                break;
            case Blow.Kill:
                await _processes[voter]!.KillAsync();
                break;
            case Blow.Wipe:
                await _processes[voter]!.KillAsync();
                Directory.Delete(Path.Combine(_data.Path, Cables.Name(voter)), recursive: true);
                _replacing = ReplaceAsync(Cables.Name(voter));
                break;
        }
    }

    /// <summary>Asks for the voter's replacement by itself until it is done; nobody may be there for a while to do it.</summary>
    private async Task ReplaceAsync(string name)
    {
        var management = new RaftClusteringManagement(_clients[0]);
        long? old = null;
        var watch = Stopwatch.StartNew();
        while (true)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            try
            {
                var voters = (await management.GetVotersAsync(limit.Token)).Where(voter => voter.Name == name).ToList();
                old ??= voters[0].Replica;
                if (voters.TrueForAll(voter => voter.Replica != old))
                {
                    _story.Enqueue($"{name} was replaced: replica {old} by {voters[0].Replica}, after {watch.Elapsed.TotalSeconds:f1} s");
                    return;
                }

                await management.ReplaceVoterAsync(name, name, null, limit.Token);
            }
            catch (TableUnavailableException failure)
            {
                Assert.True(watch.Elapsed < TimeSpan.FromMinutes(2), $"{name} is not replaced: {failure.Message}");
            }
        }
    }

    /// <summary>Both directions, or one only.</summary>
    private void CutOff(int voter, Random random)
    {
        var ways = random.Next(1, 4);
        _cables.CutOff(voter, outgoing: (ways & 1) != 0, incoming: (ways & 2) != 0);
    }

    private async Task RepairAsync()
    {
        _cables.Mend();
        for (var voter = 0; voter < Voters; voter++)
        {
            if (_processes[voter] is { HasExited: true } ended)
            {
                Assert.True(ended.WasKilled, $"{ended.Name} ended by itself:\n{ended.Output}");
                Start(voter);
            }
            else
            {
                await _processes[voter]!.ResumeAsync();
            }
        }
    }

    private enum Blow
    {
        Kill,
        Cut,
        Pause,
        Wipe,
    }

    private void Start(int voter) => _processes[voter] = new SiloProcess(Cables.Name(voter), _cables.Arguments(voter, _data.Path));
}
