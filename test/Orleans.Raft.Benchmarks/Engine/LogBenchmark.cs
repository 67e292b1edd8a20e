using System.Globalization;
using System.Text;

namespace Orleans.Raft.Benchmarks.Engine;

/// <summary>The engine's log against RocksDB as a log and against the raw disk, round about in one run.</summary>
internal sealed class LogBenchmark : IBenchmark
{
    private const long SteadyBytes = 400 << 20;

    private static readonly int[] Pending = [1, 16, 256];

    public string Name => "log";

    public string Description => "appends of the engine's log, of RocksDB used as a log, and of the raw disk; --quick for 256 groups and 1 KiB only";

    public async Task<string> RunAsync(BenchmarkArguments arguments)
    {
        var seconds = arguments.Seconds ?? 0.2;
        var rounds = arguments.Rounds ?? 5;
        int[] counts = [1, 256, 1024], sizes = [128, 1 << 10, 16 << 10];
        if (arguments.Rest is ["--quick"])
        {
            (counts, sizes) = ([256], [1 << 10]);
        }

        var rows = new Dictionary<(int Pending, int Groups, int Bytes), Row>();
        foreach (var groups in counts)
        {
            await RunAsync(arguments.DataDirectory, groups, sizes, rounds, seconds, rows);
            Console.WriteLine($"{groups} groups done");
        }

        return Section(rows, rounds, seconds, await MeasureAllocationAsync(arguments.DataDirectory));
    }

    /// <summary>Bytes per append once rings, lists and the cache have their size: after some segments.</summary>
    private static async Task<double> MeasureAllocationAsync(string data)
    {
        await using var engine = await EngineAppender.OpenAsync(Path.Combine(data, "steady"), 256);
        var load = new LogLoad(engine, 256);
        for (var written = 0L; written < SteadyBytes;)
        {
            written += (long)((await load.RunAsync(256, 1 << 10, 0.5)).Rate * 0.5) << 10;
        }

        return await load.AllocatedAsync(256, 1 << 10, 2);
    }

    private static async Task RunAsync(
        string data, int groups, int[] sizes, int rounds, double seconds, Dictionary<(int Pending, int Groups, int Bytes), Row> rows)
    {
        var directory = Path.Combine(data, $"log-{groups}");
        await using (var engine = await EngineAppender.OpenAsync(Path.Combine(directory, "engine"), groups))
        await using (var rocks = new RocksAppender(Directory.CreateDirectory(Path.Combine(directory, "rocksdb")).FullName))
        {
            var (ours, theirs) = (new LogLoad(engine, groups), new LogLoad(rocks, groups));
            foreach (var bytes in sizes)
            {
                foreach (var pending in Pending)
                {
                    if (!rows.TryGetValue((pending, groups, bytes), out var row))
                    {
                        rows.Add((pending, groups, bytes), row = new Row());
                    }

                    // The disk changes from second to second on a shared machine: what is compared stands side by side.
                    for (var round = 0; round < rounds; round++)
                    {
                        row.Appends.Add(RawFloor.Appending(data, seconds / 2));
                        row.Ours.Add(await ours.RunAsync(pending, bytes, seconds));
                        row.Zeroed.Add(RawFloor.Zeroed(data, seconds / 2));
                        row.Theirs.Add(await theirs.RunAsync(pending, bytes, seconds));
                    }
                }
            }
        }

        Directory.Delete(directory, recursive: true);
    }

    private static string Section(Dictionary<(int Pending, int Groups, int Bytes), Row> rows, int rounds, double seconds, double allocated)
    {
        var text = new StringBuilder("## The engine's log\n\n");
        text.Append(CultureInfo.InvariantCulture,
            $"Callers that each wait for their append (one entry and a hard state, fsynced) before the next; logs are compacted and segments recycled meanwhile. ");
        text.Append(CultureInfo.InvariantCulture,
            $"Beside it, alternating: RocksDB used as a log behind the same queue and thread, and 4 KiB with fdatasync. Medians of {rounds} rounds of {seconds} s.\n\n");
        text.Append("| pending | groups | bytes | entries/s | p50 µs | p99 µs | p99 ÷ p50 | RocksDB entries/s | ÷ RocksDB | ÷ append floor | ÷ zeroed floor |\n");
        text.Append("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
        foreach (var ((pending, groups, bytes), row) in rows.OrderBy(static pair => pair.Key))
        {
            text.Append(CultureInfo.InvariantCulture,
                $"| {pending} | {groups} | {bytes:N0} | {row.Rate:N0} | {row.P50:N0} | {row.P99:N0} | {row.P99 / row.P50:0.0} | {row.RocksRate:N0} | {row.VersusRocks:0.0} | ");
            text.Append(CultureInfo.InvariantCulture, $"{row.VersusAppends:0.0} | {row.VersusZeroed:0.0} |\n");
        }

        text.Append("\nRatios are medians of the rounds' own ratios. Over all groups and sizes:\n\n| bar | median | worst row |\n| --- | ---: | ---: |\n");
        Bar(text, "1 pending ≥ 0.9 × the floor of appending", rows, static pair => pair.Key.Pending == 1, static row => row.VersusAppends, isLeast: true);
        Bar(text, "16 pending ≥ 1.3 × RocksDB", rows, static pair => pair.Key.Pending == 16, static row => row.VersusRocks, isLeast: true);
        Bar(text, "256 pending ≥ 3 × RocksDB", rows, static pair => pair.Key.Pending == 256, static row => row.VersusRocks, isLeast: true);
        Bar(text, "16 pending: p99 ≤ 6 × p50", rows, static pair => pair.Key.Pending == 16, static row => row.Tail, isLeast: false);
        text.Append(CultureInfo.InvariantCulture, $"| 0 B allocated per append, by the whole process, 256 pending of 1 KiB, after {SteadyBytes >> 20} MiB | {allocated:0.00} | |\n");
        return text.Append('\n').Append(Report.Machine("dotnet run -c Release --project test/Orleans.Raft.Benchmarks -- log")).ToString();
    }

    private static void Bar(
        StringBuilder text, string name, Dictionary<(int Pending, int Groups, int Bytes), Row> rows,
        Func<KeyValuePair<(int Pending, int Groups, int Bytes), Row>, bool> which, Func<Row, double> figure, bool isLeast)
    {
        var figures = rows.Where(which).Select(pair => figure(pair.Value)).ToList();
        text.Append(CultureInfo.InvariantCulture, $"| {name} | {Statistics.Median(figures):0.0} | {(isLeast ? figures.Min() : figures.Max()):0.0} |\n");
    }

    private sealed class Row
    {
        public List<LogSample> Ours { get; } = [];

        public List<LogSample> Theirs { get; } = [];

        public List<double> Appends { get; } = [];

        public List<double> Zeroed { get; } = [];

        public double Rate => Statistics.Median(Ours.Select(static sample => sample.Rate));

        public double RocksRate => Statistics.Median(Theirs.Select(static sample => sample.Rate));

        public double P50 => Statistics.Median(Ours.Select(static sample => sample.P50));

        public double P99 => Statistics.Median(Ours.Select(static sample => sample.P99));

        public double Tail => Statistics.Median(Ours.Select(static sample => sample.P99 / sample.P50));

        public double VersusRocks => Statistics.Median(Ours.Zip(Theirs, static (ours, theirs) => ours.Rate / theirs.Rate));

        public double VersusAppends => Statistics.Median(Ours.Zip(Appends, static (ours, floor) => ours.Rate / floor));

        public double VersusZeroed => Statistics.Median(Ours.Zip(Zeroed, static (ours, floor) => ours.Rate / floor));
    }
}
