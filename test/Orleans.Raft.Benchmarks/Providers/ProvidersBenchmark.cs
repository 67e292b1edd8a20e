using System.Diagnostics;
using System.Globalization;
using System.Text;
using Orleans.Raft.Benchmarks.Provider;

namespace Orleans.Raft.Benchmarks.Providers;

/// <summary>
/// What the README compares with: the same grain over Orleans' providers and over Raft, and beside them what people build on DotNext or etcd, all on one machine and one disk, in rounds
/// that go through all of them.
/// </summary>
internal sealed class ProvidersBenchmark : IBenchmark
{
    public const int MaxWriters = 256;
    public const int ValueBytes = 256;

    private const int Groups = 16;
    private static readonly int[] Writers = [1, 16, MaxWriters];

    private static readonly (string Name, string GrainType, string Durability)[] GrainStores =
    [
        ("memory", "memory-state", "none: in another grain's memory, lost with its silo"),
        ("redis", "redis-state", "none at once: in one server's memory, a snapshot now and then (its default)"),
        ("redis-synced", "redis-synced-state", "fsynced by one server (`appendonly yes`, `appendfsync always`)"),
        ("postgresql", "postgresql-state", "fsynced by one server (its default)"),
        ("raft", "raft-state", "fsynced by a majority of three silos"),
    ];

    public string Name => "providers";

    public string Description => "The README's comparison: memory, Redis, PostgreSQL, DotNext, etcd and Raft in one run";

    public async Task<string> RunAsync(BenchmarkArguments arguments)
    {
        var (rounds, seconds) = (arguments.Rounds ?? 3, arguments.Seconds ?? 2);
        var measured = new Dictionary<(string Store, int Writers), List<Sample>>();
        var stores = new List<IStore>();
        await using var databases = await Databases.StartAsync(arguments.DataDirectory);
        await using var cluster = await BenchmarkCluster.StartAsync(arguments.DataDirectory, Groups, inMemory: false, databases.AddTo);
        try
        {
            stores.AddRange(GrainStores
                .Where(store => !databases.Missing.Any(missing => missing.StartsWith(store.Name, StringComparison.Ordinal)))
                .Select(store => new GrainStore(store.Name, store.Durability, store.GrainType, cluster.Grains)));
            stores.Add(await DotNextStore.StartAsync(Path.Combine(arguments.DataDirectory, "dotnext")));
            if (await EtcdStore.StartAsync(Path.Combine(arguments.DataDirectory, "etcd")) is { } etcd)
            {
                stores.Add(etcd);
            }
            else
            {
                databases.Missing.Add("etcd (apt-get install etcd-server)");
            }

            // The first round only warms up.
            for (var round = 0; round <= rounds; round++)
            {
                foreach (var (writers, store) in Writers.SelectMany(writers => stores.Select(store => (writers, store))))
                {
                    var sample = await MeasureAsync(store, writers, TimeSpan.FromSeconds(round == 0 ? Math.Min(seconds, 1) : seconds));
                    Console.Error.WriteLine($"round {round} {store.Name,-12} {writers,4} writers: {sample}");
                    if (round > 0)
                    {
                        (measured.TryGetValue((store.Name, writers), out var samples) ? samples : measured[(store.Name, writers)] = []).Add(sample);
                    }
                }
            }

            return Print(stores, measured, databases.Missing, rounds, seconds);
        }
        finally
        {
            foreach (var store in stores)
            {
                await store.DisposeAsync();
            }
        }
    }

    private static async Task<Sample> MeasureAsync(IStore store, int writers, TimeSpan duration)
    {
        var began = Stopwatch.GetTimestamp();
        var end = began + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var latencies = await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            var own = new List<double>();
            for (var now = Stopwatch.GetTimestamp(); now < end;)
            {
                await store.WriteAsync(writer);
                var done = Stopwatch.GetTimestamp();
                own.Add(Stopwatch.GetElapsedTime(now, done).TotalMilliseconds);
                now = done;
            }

            return own;
        })));
        var elapsed = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var sorted = latencies.SelectMany(each => each).Order().ToList();
        return new Sample(sorted.Count / elapsed, Statistics.Percentile(sorted, 0.5), Statistics.Percentile(sorted, 0.99));
    }

    private static string Print(
        List<IStore> stores, Dictionary<(string Store, int Writers), List<Sample>> measured, List<string> missing, int rounds, double seconds)
    {
        var text = new StringBuilder();
        text.AppendLine("## Beside other stores").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Writes of {ValueBytes} bytes in a closed loop by 1, 16 and {MaxWriters} writers, each with a key of its own, seen by the caller. memory, redis, postgresql and raft: `WriteStateAsync` of")
            .AppendLine(CultureInfo.InvariantCulture, $"the same grain in three silos of one process, raft with {Groups} groups. DotNext: one group of three nodes in that process. etcd: three servers. All on one disk and one loopback,")
            .AppendLine(CultureInfo.InvariantCulture, $"so rows with three copies pay for three on the same disk. Medians of {rounds} rounds of {seconds} s, stores taking turns. The machine's load while it ran: {Load()}.")
            .AppendLine();
        text.AppendLine("| written to | durable when the write returns | writers | writes/s | p50 ms | p99 ms | writes/s ÷ raft's |");
        text.AppendLine("| --- | --- | ---: | ---: | ---: | ---: | ---: |");
        foreach (var (store, writers) in stores.SelectMany(store => Writers.Select(writers => (store, writers))))
        {
            var samples = measured[(store.Name, writers)];
            var ratio = Statistics.Median(samples.Zip(measured[("raft", writers)], (own, raft) => own.PerSecond / raft.PerSecond));
            text.AppendLine(CultureInfo.InvariantCulture, $"| {store.Name} | {store.Durability} | {writers} | {Median(sample => sample.PerSecond):N0} | {Median(sample => sample.P50):0.00} | {Median(sample => sample.P99):0.00} | {ratio:0.00} |");

            double Median(Func<Sample, double> value) => Statistics.Median(samples.Select(value));
        }

        text.AppendLine();
        if (missing.Count > 0)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"Not measured, because it was not there: {string.Join("; ", missing)}.").AppendLine();
        }

        text.AppendLine(Report.Machine("dotnet run -c Release --project test/Orleans.Raft.Benchmarks -- providers"));
        return text.ToString();
    }

    // The 1, 5 and 15 minutes' averages of processes that want a core, this program's own included.
    private static string Load() => File.Exists("/proc/loadavg") ? string.Join(", ", File.ReadAllText("/proc/loadavg").Split(' ').Take(3)) : "not known here";

    private sealed record Sample(double PerSecond, double P50, double P99)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{PerSecond:N0}/s, p50 {P50:0.00} ms, p99 {P99:0.00} ms");
    }
}
