using System.Diagnostics;
using Orleans.Raft.Core;

namespace Orleans.Raft.Benchmarks.Engine;

/// <summary>
/// So many callers, each of which waits for its append before the next one. Each group's log keeps its last entries and is compacted below, so that segments
/// are recycled while it runs.
/// </summary>
internal sealed class LogLoad(IAppender appender, int groups)
{
    private const int Kept = 64;
    private const int MaxSamples = 1 << 18;
    private readonly long[] _last = new long[groups];
    private readonly Lock[] _locks = [.. Enumerable.Range(0, groups).Select(static _ => new Lock())];

    public async Task<LogSample> RunAsync(int pending, int bytes, double seconds)
    {
        var callers = Enumerable.Range(0, pending).Select(number => new Caller(this, number, pending, new byte[bytes])).ToArray();
        await Task.WhenAll(callers.Select(caller => Task.Run(() => caller.RunAsync(seconds / 4))));
        Array.ForEach(callers, static caller => caller.Count = 0);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(callers.Select(caller => Task.Run(() => caller.RunAsync(seconds))));
        var elapsed = watch.Elapsed.TotalSeconds;
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        var count = callers.Sum(static caller => (long)caller.Count);
        var samples = callers.SelectMany(static caller => caller.Samples).Select(static ticks => Stopwatch.GetElapsedTime(0, ticks).TotalMicroseconds).Order().ToArray();
        return new LogSample(count / elapsed, Statistics.Percentile(samples, 0.5), Statistics.Percentile(samples, 0.99), allocated / (double)count);
    }

    /// <summary>Bytes that the process allocates per append while all callers are under way: starting them is not counted.</summary>
    public async Task<double> AllocatedAsync(int pending, int bytes, double seconds)
    {
        var callers = Enumerable.Range(0, pending).Select(number => new Caller(this, number, pending, new byte[bytes])).ToArray();
        var running = Task.WhenAll(callers.Select(caller => Task.Run(() => caller.RunAsync(seconds * 1.5))));
        SpinWait.SpinUntil(static () => false, TimeSpan.FromSeconds(seconds / 4));
        var (before, first) = (GC.GetTotalAllocatedBytes(precise: true), Appends());
        SpinWait.SpinUntil(static () => false, TimeSpan.FromSeconds(seconds));
        var (after, last) = (GC.GetTotalAllocatedBytes(precise: true), Appends());
        await running;
        return (after - before) / (double)(last - first);

        long Appends()
        {
            var sum = 0L;
            foreach (var caller in callers)
            {
                sum += caller.Count;
            }

            return sum;
        }
    }

    private ValueTask WriteAsync(IAppend append, int group, byte[] payload)
    {
        // Taken in the order of the queue: an index must not overtake its predecessor.
        lock (_locks[group])
        {
            var index = ++_last[group];
            return append.WriteAsync(group, new Entry(1, index, EntryType.EntryNormal, payload), index % Kept == 0 ? index - Kept : 0);
        }
    }

    private sealed class Caller(LogLoad load, int number, int callers, byte[] payload)
    {
        private readonly IAppend _append = load.NewAppend();
        private readonly long[] _samples = new long[MaxSamples / callers];
        private int _group = number % load._last.Length;

        public int Count { get; set; }

        public IEnumerable<long> Samples => _samples.Take(Math.Min(Count, _samples.Length));

        public async Task RunAsync(double seconds)
        {
            var until = Stopwatch.GetTimestamp() + (long)(seconds * Stopwatch.Frequency);
            for (var start = Stopwatch.GetTimestamp(); start < until;)
            {
                await load.WriteAsync(_append, _group, payload);
                var end = Stopwatch.GetTimestamp();
                _samples[Count++ % _samples.Length] = end - start;
                start = end;
                _group = (_group + callers) % load._last.Length;
            }
        }
    }

    private IAppend NewAppend() => appender.NewAppend();
}

/// <summary>One measurement.</summary>
/// <param name="Rate">Entries per second.</param>
/// <param name="P50">Microseconds.</param>
/// <param name="P99">Microseconds.</param>
/// <param name="Allocated">Bytes per entry, by the whole process.</param>
internal readonly record struct LogSample(double Rate, double P50, double P99, double Allocated);
