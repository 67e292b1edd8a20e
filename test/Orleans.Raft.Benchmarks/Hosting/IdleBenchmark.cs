using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.Raft.Benchmarks.Provider;
using Orleans.Raft.Hosting;

namespace Orleans.Raft.Benchmarks.Hosting;

/// <summary>
/// What groups cost that nobody uses: the same three silos without groups and with 1,000 of three replicas each, one after the other in one process.
/// </summary>
internal sealed class IdleBenchmark : IBenchmark
{
    private const int Groups = 1_000;
    private const int Silos = 3;
    private const string Family = "raft";

    // So long nothing has woken up; Orleans too has things to do at first.
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(20);

    public string Name => "idle";

    public string Description => "1,000 idle groups: processor time and memory beside the same silos without groups";

    public async Task<string> RunAsync(BenchmarkArguments arguments)
    {
        var rounds = arguments.Rounds ?? 2;
        var seconds = arguments.Seconds ?? 15;
        var without = new List<Sample>();
        var with = new List<Sample>();
        // The first cluster of a process pays for compiled code, so its figures are thrown away.
        for (var round = 0; round <= rounds; round++)
        {
            var empty = await MeasureAsync(Path.Combine(arguments.DataDirectory, $"empty-{round}"), 0, seconds);
            var idle = round == 0 ? empty : await MeasureAsync(Path.Combine(arguments.DataDirectory, $"idle-{round}"), Groups, seconds);
            Console.Error.WriteLine($"round {round}: without groups {empty}, with {idle}");
            if (round > 0)
            {
                without.Add(empty);
                with.Add(idle);
            }
        }

        return Print(without, with, rounds, seconds, awake: arguments.Rest.Contains("--awake"));

        async Task<Sample> MeasureAsync(string data, int groups, double length)
        {
            await using var cluster = await BenchmarkCluster.StartAsync(data, (options, silo) =>
            {
                options.Hibernation = !arguments.Rest.Contains("--awake");
                silo.AddRaftEngine();
                if (groups > 0)
                {
                    silo.AddRaftGrainStorage(Family, storage => storage.Groups = groups);
                }
            });
            await WaitUntilIdleAsync(cluster, groups, isAsleep: !arguments.Rest.Contains("--awake"));
            return await SampleAsync(length);
        }
    }

    private static async Task<Sample> SampleAsync(double seconds)
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        var heap = GC.GetTotalMemory(forceFullCollection: true);
        using var process = Process.GetCurrentProcess();
        var allocated = GC.GetTotalAllocatedBytes();
        var (began, cpu) = (Stopwatch.GetTimestamp(), process.TotalProcessorTime);
        await Pause.ForAsync(TimeSpan.FromSeconds(seconds));
        process.Refresh();
        var elapsed = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return new Sample((process.TotalProcessorTime - cpu).TotalSeconds / elapsed, heap, (GC.GetTotalAllocatedBytes() - allocated) / elapsed);
    }

    private static async Task WaitUntilIdleAsync(BenchmarkCluster cluster, int groups, bool isAsleep)
    {
        var hosts = cluster.Hosts.Select(host => host.Services.GetRequiredService<RaftHost>()).ToList();
        var patience = Stopwatch.StartNew();
        bool IsIdle(RaftHost host, int index) => host.TryFind(new RaftGroupId(Family, index), out var group)
            && group.Replica is { } replica && (isAsleep ? replica.IsAsleep : !group.Client.Leader.IsNone);
        // Leaders that are moved to their places wake their groups, one after the other, for some time after the start.
        for (var since = Stopwatch.StartNew(); since.Elapsed < Quiet;)
        {
            if (!hosts.TrueForAll(host => Enumerable.Range(0, groups).All(index => IsIdle(host, index))))
            {
                since.Restart();
            }

            if (patience.Elapsed > TimeSpan.FromMinutes(5))
            {
                var awake = hosts.Sum(host => Enumerable.Range(0, groups).Count(index => !IsIdle(host, index)));
                throw new TimeoutException($"{awake} of {Silos * groups} replicas are not idle after {patience.Elapsed}");
            }

            await Pause.ForAsync(TimeSpan.FromMilliseconds(200));
        }
    }

    private static string Print(List<Sample> without, List<Sample> with, int rounds, double seconds, bool awake)
    {
        var text = new StringBuilder();
        text.AppendLine("## Idle groups").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Three silos in one process, without groups and with {Groups:N0} {(awake ? "that are kept awake" : "that sleep")}, three replicas each, logs on disk. Medians of {rounds} clusters of each kind, {seconds} s each.");
        text.AppendLine().AppendLine("| | without groups | with | a replica |").AppendLine("| --- | ---: | ---: | ---: |");
        var (cpu, heap) = (Median(with, s => s.Cpu) - Median(without, s => s.Cpu), Median(with, s => s.Heap) - Median(without, s => s.Heap));
        text.AppendLine(CultureInfo.InvariantCulture, $"| share of one core | {Median(without, s => s.Cpu):P2} | {Median(with, s => s.Cpu):P2} | all together {cpu:P2} (bar: 2 %) |");
        text.AppendLine(CultureInfo.InvariantCulture, $"| managed bytes | {Median(without, s => s.Heap):N0} | {Median(with, s => s.Heap):N0} | {heap / (Groups * Silos):N0} (bar: 8,192) |");
        text.AppendLine(CultureInfo.InvariantCulture, $"| bytes allocated a second | {Median(without, s => s.Allocated):N0} | {Median(with, s => s.Allocated):N0} | |");
        text.AppendLine().AppendLine(Report.Machine("dotnet run -c Release --project test/Orleans.Raft.Benchmarks -- idle"));
        return text.ToString();
    }

    private static double Median(List<Sample> samples, Func<Sample, double> value) => Statistics.Median(samples.Select(value));

    private sealed record Sample(double Cpu, double Heap, double Allocated)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Cpu:P2} of a core, {Heap / 1024:N0} KiB");
    }
}
