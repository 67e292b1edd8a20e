using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Orleans.Raft.Tests.Core;

namespace Orleans.Raft.Benchmarks.Core;

/// <summary>
/// Three nodes in memory on one thread: entries committed per second and bytes allocated per entry, at three batch sizes, round about with etcd's Go
/// library where its program was built (see shared/bench/README.md) and is named by <c>--go PATH</c>. And the cost of an idle tick.
/// </summary>
internal sealed partial class CoreBenchmark : IBenchmark
{
    private static readonly int[] Batches = [1, 16, 256];
    private static readonly byte[] Payload = new byte[128];

    public string Name => "core";

    public string Description => "entries per second and bytes per entry of the core alone; --go PATH compares with etcd's library";

    public Task<string> RunAsync(BenchmarkArguments arguments)
    {
        var seconds = TimeSpan.FromSeconds(arguments.Seconds ?? 3);
        var go = arguments.Rest is ["--go", var path, ..] ? path : null;
        var rows = Batches.ToDictionary(batch => batch, _ => new List<(Sample Ours, Sample? Theirs)>());
        for (var round = 0; round < (arguments.Rounds ?? 3); round++)
        {
            foreach (var batch in Batches)
            {
                var theirs = go is null ? (Sample?)null : MeasureGo(go, batch);
                var ours = Measure(batch, seconds);
                rows[batch].Add((ours, theirs));
                Console.WriteLine($"round {round + 1} batch {batch}: ours {ours}, Go {theirs?.ToString() ?? "not built"}");
            }
        }

        return Task.FromResult(Section(rows, MeasureIdleTick(), go is not null));
    }

    private static Sample Measure(int batch, TimeSpan duration)
    {
        var loop = new CoreLoop(config => config with { CoalesceAppends = true });
        Run(loop, batch, TimeSpan.FromSeconds(1));
        var (bytes, entries) = (GC.GetAllocatedBytesForCurrentThread(), loop.Applied);
        var (watch, processor) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        Run(loop, batch, duration);
        var count = loop.Applied - entries;
        processor = Environment.CpuUsage.TotalTime - processor;
        return new Sample(
            count / watch.Elapsed.TotalSeconds, count / processor.TotalSeconds, (GC.GetAllocatedBytesForCurrentThread() - bytes) / (double)count);
    }

    private static void Run(CoreLoop loop, int batch, TimeSpan duration)
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < duration)
        {
            for (var i = 0; i < 16; i++)
            {
                loop.Commit(batch, Payload);
            }

            loop.Compact(1_000);
        }
    }

    private static Sample MeasureGo(string program, int batch)
    {
        // The shell tells what .NET does not: the processor time of a process that has ended.
        string[] command = ["-c", "TIMEFORMAT='%R s of which %U %S'; time \"$0\" \"$1\" 2>&1", program, batch.ToString(CultureInfo.InvariantCulture)];
        using var process = Process.Start(new ProcessStartInfo("bash", command) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        var match = GoResult().Match(output);
        if (!match.Success)
        {
            throw new InvalidOperationException($"{program} {batch} printed: {output}");
        }

        // It does the same work from its start to its end, so its share of the processor in between is that of the measured part.
        double Number(int group) => double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);
        var share = (Number(4) + Number(5)) / Number(3);
        return new Sample(Number(1), Number(1) / share, Number(2));
    }

    private static double MeasureIdleTick()
    {
        const int Count = 20_000_000;
        var loop = new CoreLoop(config => config with { HeartbeatTicks = Count, ElectionTicks = 2 * Count });
        var processor = Environment.CpuUsage.TotalTime;
        for (var tick = 0; tick < Count - 1; tick++)
        {
            loop.Leader.Tick(default);
        }

        return (Environment.CpuUsage.TotalTime - processor).TotalNanoseconds / Count;
    }

    private static string Section(Dictionary<int, List<(Sample Ours, Sample? Theirs)>> rows, double idleTick, bool compares)
    {
        var text = new StringBuilder("## Core: three nodes in memory, one thread, 128 B payloads\n\n");
        text.Append("Median of ").Append(rows[1].Count).Append(" interleaved rounds. Ours gathers appends per Ready (`CoalesceAppends`, as hosting does).\n\n");
        text.Append("Entries committed per second that passed, and per second of processor time, which other work on the machine disturbs less.\n\n");
        text.Append("| batch | ours: /s | /s of processor | B/entry | etcd's Go library 3.4.23: /s | /s of processor | B/entry | ratio | ratio by processor |\n");
        text.Append("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
        foreach (var (batch, samples) in rows)
        {
            var rate = Statistics.Median(samples.Select(sample => sample.Ours.Rate));
            var perProcessor = Statistics.Median(samples.Select(sample => sample.Ours.PerProcessor));
            var bytes = Statistics.Median(samples.Select(sample => sample.Ours.Bytes));
            text.Append(CultureInfo.InvariantCulture, $"| {batch} | {rate:N0} | {perProcessor:N0} | {bytes:0.00} | ");
            if (compares)
            {
                var goRate = Statistics.Median(samples.Select(sample => sample.Theirs!.Value.Rate));
                var goPerProcessor = Statistics.Median(samples.Select(sample => sample.Theirs!.Value.PerProcessor));
                var goBytes = Statistics.Median(samples.Select(sample => sample.Theirs!.Value.Bytes));
                text.Append(CultureInfo.InvariantCulture, $"{goRate:N0} | {goPerProcessor:N0} | {goBytes:N0} | {rate / goRate:0.0} | {perProcessor / goPerProcessor:0.0} |\n");
            }
            else
            {
                text.Append("not measured | | | | |\n");
            }
        }

        text.Append(CultureInfo.InvariantCulture, $"\nAn idle tick of a leader costs {idleTick:0.0} ns.\n\n");
        return text.Append(Report.Machine("dotnet run -c Release --project test/Orleans.Raft.Benchmarks -- core --go build/corebench.bin")).ToString();
    }

    [GeneratedRegex(@"(\d+) committed/s, (\d+) B/entry[^\n]*\n([\d.]+) s of which ([\d.]+) ([\d.]+)")]
    private static partial Regex GoResult();

    private readonly record struct Sample(double Rate, double PerProcessor, double Bytes)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Rate:N0}/s {PerProcessor:N0}/s of processor {Bytes:0.0} B");
    }
}
