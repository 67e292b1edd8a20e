using System.Diagnostics;
using System.Globalization;
using System.Text;
using Orleans.Configuration;
using Orleans.Raft.Core;
using Orleans.Raft.Storage.Engine;

namespace Orleans.Raft.Benchmarks.Engine;

/// <summary>How long it takes to open a log of 1 GiB: from its index files, and without them.</summary>
internal sealed class RecoveryBenchmark : IBenchmark
{
    private const int Groups = 256;
    private const int Bytes = 1 << 10;
    private const int PerBatch = 16;
    private const long Total = 1 << 30;

    public string Name => "recovery";

    public string Description => "opening a log of 1 GiB, warm, with and without its index files";

    public async Task<string> RunAsync(BenchmarkArguments arguments)
    {
        var directory = Path.Combine(arguments.DataDirectory, "recovery");
        var settings = new LogStoreSettings(directory, "benchmark", "silo-1");
        var engine = new StorageEngine(new RaftEngineOptions());
        var filling = await FillAsync(engine, settings);
        List<double> indexed = [], unindexed = [];
        await OpenAsync(engine, settings);
        for (var round = 0; round < (arguments.Rounds ?? 5); round++)
        {
            indexed.Add(await OpenAsync(engine, settings));
        }

        for (var round = 0; round < 2; round++)
        {
            foreach (var index in Directory.GetFiles(Path.Combine(directory, "log"), "*.index"))
            {
                File.Delete(index);
            }

            unindexed.Add(await OpenAsync(engine, settings));
        }

        var text = new StringBuilder("## Recovery of 1 GiB\n\n");
        text.Append(CultureInfo.InvariantCulture,
            $"{Total / Bytes:N0} live entries of {Bytes} bytes of {Groups} groups, written in {filling:0.0} s, closed; then opened in the same process, files in the page cache. Bar: 1 s.\n\n");
        text.Append("| opening | median ms | worst ms |\n| --- | ---: | ---: |\n");
        text.Append(CultureInfo.InvariantCulture, $"| from index files of sealed segments | {Statistics.Median(indexed):N0} | {indexed.Max():N0} |\n");
        text.Append(CultureInfo.InvariantCulture, $"| index files deleted: every segment is read | {Statistics.Median(unindexed):N0} | {unindexed.Max():N0} |\n");
        return text.Append('\n').Append(Report.Machine("dotnet run -c Release --project test/Orleans.Raft.Benchmarks -- recovery")).ToString();
    }

    private static async Task<double> FillAsync(StorageEngine engine, LogStoreSettings settings)
    {
        var watch = Stopwatch.StartNew();
        await using var store = await engine.OpenAsync(settings, default);
        await Task.WhenAll(Enumerable.Range(0, Groups).Select(number => Task.Run(async () =>
        {
            var log = await store.OpenAsync(new RaftGroupId("g", number), default);
            var payload = new byte[Bytes];
            var entries = new Entry[PerBatch];
            var batch = new WriteBatch();
            for (var index = 0L; index < Total / Bytes / Groups;)
            {
                for (var i = 0; i < PerBatch; i++)
                {
                    entries[i] = new Entry(1, ++index, EntryType.EntryNormal, payload);
                }

                batch.Clear();
                batch.Append(log, entries);
                await store.WriteAsync(batch);
            }
        })));
        return watch.Elapsed.TotalSeconds;
    }

    private static async Task<double> OpenAsync(StorageEngine engine, LogStoreSettings settings)
    {
        GC.Collect();
        var watch = Stopwatch.StartNew();
        await using var store = await engine.OpenAsync(settings, default);
        var elapsed = watch.Elapsed.TotalMilliseconds;
        foreach (var group in store.Groups)
        {
            var last = (await store.OpenAsync(group, default)).Reader.LastIndex;
            if (last != Total / Bytes / Groups)
            {
                throw new InvalidOperationException($"{group} ends at {last}");
            }
        }

        return elapsed;
    }
}
