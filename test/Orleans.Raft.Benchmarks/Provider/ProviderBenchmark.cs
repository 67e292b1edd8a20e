using System.Diagnostics;
using System.Globalization;
using System.Text;
using Orleans.Runtime;

namespace Orleans.Raft.Benchmarks.Provider;

/// <summary>
/// The same grain with its state in Orleans' memory provider and in Raft: grains that write as fast as they are answered, 1, 16 and 256
/// of them, in rounds that alternate between the providers, all in one process of three silos.
/// </summary>
internal sealed class ProviderBenchmark : IBenchmark
{
    private const int Groups = 16;
    private static readonly int[] Writers = [1, 16, 256];

    private static readonly (string Name, string GrainType, string Durability)[] Stores =
    [
        ("none", "no-state", "– (the grain call alone)"),
        ("memory", "memory-state", "none: in another grain's memory, lost with its silo"),
        ("raft", "raft-state", "fsynced by a majority of three silos"),
    ];

    public string Name => "provider";

    public string Description => "WriteStateAsync with Orleans' memory provider and with Raft, side by side";

    public async Task<string> RunAsync(BenchmarkArguments arguments)
    {
        var rounds = arguments.Rounds ?? 5;
        var seconds = arguments.Seconds ?? 3;
        // Shows what the disk's share is; never to be compared with the durable row without saying so.
        var inMemory = arguments.Rest.Contains("--in-memory");
        var measured = new Dictionary<(string Store, int Writers), List<Sample>>();
        var floors = new List<double>();
        await using (var cluster = await BenchmarkCluster.StartAsync(arguments.DataDirectory, Groups, inMemory))
        {
            // The first round only warms up: compiled code, activations, leaders.
            for (var round = 0; round <= rounds; round++)
            {
                floors.Add(FsyncFloor(arguments.DataDirectory));
                foreach (var writers in Writers)
                {
                    foreach (var (store, grain, _) in Stores)
                    {
                        var sample = await MeasureAsync(cluster.Grains, grain, writers, TimeSpan.FromSeconds(round == 0 ? Math.Min(seconds, 2) : seconds));
                        Console.Error.WriteLine($"round {round} {store,-7} {writers,4} writers: {sample}");
                        if (round > 0)
                        {
                            SamplesOf(measured, (store, writers)).Add(sample);
                        }
                    }
                }
            }
        }
        return Print(measured, Statistics.Median(floors), rounds, seconds, inMemory);
    }

    private static List<Sample> SamplesOf(Dictionary<(string, int), List<Sample>> measured, (string, int) key)
    {
        if (!measured.TryGetValue(key, out var samples))
        {
            measured.Add(key, samples = []);
        }
        return samples;
    }

    private static async Task<Sample> MeasureAsync(IGrainFactory grains, string type, int writers, TimeSpan duration)
    {
        var targets = Enumerable.Range(0, writers).Select(key => grains.GetGrain<IStateGrain>(GrainId.Create(type, GrainIdKeyExtensions.CreateIntegerKey(key).ToString()!))).ToList();
        await Task.WhenAll(targets.Select(target => target.ReadAsync()));

        var allocated = GC.GetTotalAllocatedBytes();
        var began = Stopwatch.GetTimestamp();
        var end = began + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var latencies = await Task.WhenAll(targets.Select(target => Task.Run(() => WriteUntilAsync(target, end))));
        var elapsed = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var bytes = GC.GetTotalAllocatedBytes() - allocated;

        var sorted = latencies.SelectMany(each => each).Order().ToList();
        return new Sample(sorted.Count / elapsed, Statistics.Percentile(sorted, 0.5), Statistics.Percentile(sorted, 0.99), (double)bytes / sorted.Count);
    }

    private static async Task<List<double>> WriteUntilAsync(IStateGrain grain, long end)
    {
        var latencies = new List<double>();
        for (var now = Stopwatch.GetTimestamp(); now < end;)
        {
            await grain.WriteAsync();
            var done = Stopwatch.GetTimestamp();
            latencies.Add(Stopwatch.GetElapsedTime(now, done).TotalMilliseconds);
            now = done;
        }
        return latencies;
    }

    /// <summary>Milliseconds of a 4 KiB append that is flushed to the disk: what the disk itself asks for one durable write.</summary>
    private static double FsyncFloor(string data)
    {
        var path = Path.Combine(data, "floor");
        var page = new byte[4096];
        var times = new List<double>();
        using (var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write))
        {
            for (var i = 0; i < 200; i++)
            {
                var began = Stopwatch.GetTimestamp();
                RandomAccess.Write(file, page, i * 4096L);
                RandomAccess.FlushToDisk(file);
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
        }
        File.Delete(path);
        return Statistics.Median(times);
    }

    private static string Print(Dictionary<(string Store, int Writers), List<Sample>> measured, double floor, int rounds, double seconds, bool inMemory)
    {
        var text = new StringBuilder();
        text.AppendLine("## One grain, one state: memory provider and Raft").AppendLine();
        text.AppendLine("`WriteStateAsync` of a state of 256 bytes, called in a closed loop by 1, 16 and 256 grains, seen by the caller. Three silos in one process,")
            .AppendLine(CultureInfo.InvariantCulture, $"{Groups} groups of three replicas on one disk; a 4 KiB append with fsync took {floor:0.00} ms beside it. Medians of {rounds} rounds of {seconds} s, providers alternating.")
            .AppendLine();
        text.AppendLine("| state in | durable | grains | writes/s | p50 ms | p99 ms | B allocated/write | writes/s ÷ memory's |");
        text.AppendLine("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var (store, _, durability) in Stores)
        {
            foreach (var writers in Writers)
            {
                var samples = measured[(store, writers)];
                // Ratio of neighbours, then the median: what the machine did meanwhile falls out.
                var ratio = Statistics.Median(samples.Zip(measured[("memory", writers)], (own, memory) => own.PerSecond / memory.PerSecond));
                text.AppendLine(CultureInfo.InvariantCulture, $"| {store} | {(store == "raft" && inMemory ? "none: in memory of a majority of three silos" : durability)} | {writers} | {Median(sample => sample.PerSecond):N0} | {Median(sample => sample.P50):0.00} | {Median(sample => sample.P99):0.00} | {Median(sample => sample.Bytes):N0} | {ratio:0.00} |");

                double Median(Func<Sample, double> value) => Statistics.Median(samples.Select(value));
            }
        }
        text.AppendLine();
        text.AppendLine(Report.Machine("dotnet run -c Release --project test/Orleans.Raft.Benchmarks -- provider"));
        return text.ToString();
    }

    private sealed record Sample(double PerSecond, double P50, double P99, double Bytes)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{PerSecond:N0}/s, p50 {P50:0.00} ms, p99 {P99:0.00} ms, {Bytes:N0} B/write");
    }
}
