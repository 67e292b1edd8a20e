using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Orleans.Configuration;
using Orleans.Raft.Core;
using Orleans.Raft.Storage.Engine;

namespace Orleans.Raft.Benchmarks.Engine;

/// <summary>The state store: batches of rows with an applied record, gets, scans.</summary>
internal sealed class StateBenchmark : IBenchmark
{
    private const int Generations = 64;
    private const int RowsPerBatch = 256;
    private const int ValueBytes = 272;
    private const int Rows = 200_000;

    public string Name => "state";

    public string Description => "the state store: rows put, got and scanned per second";

    public async Task<string> RunAsync(BenchmarkArguments arguments)
    {
        var settings = new LogStoreSettings(Path.Combine(arguments.DataDirectory, "state"), "benchmark", "silo-1");
        var engine = new StorageEngine(new RaftEngineOptions());
        await using var log = await engine.OpenAsync(settings, default);
        await using var store = await engine.OpenAsync(settings, log, default);
        var load = await PutAsync(store);
        var overwrite = await PutAsync(store);
        var flush = Stopwatch.StartNew();
        await store.FlushAsync(default);
        var flushed = flush.Elapsed.TotalMilliseconds;
        var before = GC.GetAllocatedBytesForCurrentThread();
        var (gets, found) = Get(store, arguments.Seconds ?? 3);
        var perGet = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)found;
        var scan = Scan(store);

        var text = new StringBuilder("## The state store\n\n");
        text.Append(CultureInfo.InvariantCulture,
            $"{Rows:N0} rows of {ValueBytes} bytes in {Generations} generations, {RowsPerBatch} rows and an applied record a batch, one batch under way per generation, default options. ");
        text.Append("Nothing is synced by a put: the Raft log is its log; the flush at the end is.\n\n| | per second |\n| --- | ---: |\n");
        text.Append(CultureInfo.InvariantCulture, $"| put, empty store | {load:N0} |\n| put over what is there | {overwrite:N0} |\n");
        text.Append(CultureInfo.InvariantCulture, $"| get, random keys, one thread ({perGet:N0} B allocated each, the value's {ValueBytes} included) | {gets:N0} |\n| scan | {scan:N0} |\n");
        text.Append(CultureInfo.InvariantCulture, $"\nThe flush after the overwriting took {flushed:N0} ms.\n\n");
        return text.Append(Report.Machine("dotnet run -c Release --project test/Orleans.Raft.Benchmarks -- state")).ToString();
    }

    private static async Task<double> PutAsync(IStateStore store)
    {
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(1, Generations).Select(generation => Task.Run(async () =>
        {
            var batch = new StateBatch(store, generation);
            var random = new Random(generation);
            for (var row = 0; row < Rows / Generations;)
            {
                batch.Clear();
                for (var i = 0; i < RowsPerBatch && row < Rows / Generations; i++, row++)
                {
                    var value = new byte[ValueBytes];
                    random.NextBytes(value);
                    batch.Put(Key(row), value);
                }

                batch.Applied = new AppliedState(new EntryId(1, row), ConfState.Of([new(1)]));
                await store.WriteAsync(batch);
            }
        })));
        return Rows / watch.Elapsed.TotalSeconds;
    }

    private static (double PerSecond, long Count) Get(IStateStore store, double seconds)
    {
        var random = new Random(1);
        var count = 0L;
        var watch = Stopwatch.StartNew();
        Span<byte> key = stackalloc byte[8];
        while (watch.Elapsed.TotalSeconds < seconds)
        {
            for (var i = 0; i < 100; i++)
            {
                BinaryPrimitives.WriteInt64BigEndian(key, random.Next(Rows / Generations));
                if (store.Get(random.Next(1, Generations + 1), key)?.Length != ValueBytes)
                {
                    throw new InvalidOperationException("A row is missing.");
                }

                count++;
            }
        }

        return (count / watch.Elapsed.TotalSeconds, count);
    }

    private static double Scan(IStateStore store)
    {
        var count = 0;
        var watch = Stopwatch.StartNew();
        for (var generation = 1; generation <= Generations; generation++)
        {
            using var view = store.OpenView(generation);
            count += view.Scan(default, default).Count();
        }

        return count == Rows / Generations * Generations ? count / watch.Elapsed.TotalSeconds : throw new InvalidOperationException($"{count} rows");
    }

    private static byte[] Key(int row)
    {
        var key = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(key, row);
        return key;
    }
}
