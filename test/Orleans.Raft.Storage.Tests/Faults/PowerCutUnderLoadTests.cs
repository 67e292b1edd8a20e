using System.Buffers.Binary;
using Orleans.Configuration;
using Orleans.Raft.Core;
using Orleans.Raft.Storage.Engine;
using Orleans.Raft.Storage.Tests.Kills;
using Orleans.Raft.TestDisk;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Storage.Tests.Faults;

/// <summary>
/// Power cuts at operations of chance while eight groups write at once and the keeper makes, lists, moves and recycles beside the writer: interleavings that the
/// histories without threads don't have. The disk goes through many lives.
/// </summary>
public sealed class PowerCutUnderLoadTests(ITestOutputHelper output)
{
    private const int Groups = 8;
    private static readonly LogStoreSettings Settings = new("/disk", "service", "silo-1");
    private static readonly RaftEngineOptions Options = new() { SegmentBytes = 64 << 10, CacheBytes = 0, IdleMark = TimeSpan.FromMilliseconds(1) };

    [Fact]
    public Task PowerCut_WhileWriterAndKeeperWork_LosesNothingAcknowledged() => LiveOnAsync(6, 20, async disk =>
    {
        disk.Disk.CutAt = disk.Disk.Operations + disk.Random.Next(1, 400);
        await disk.LiveAsync();
        disk.Disk.PowerCut();
        await disk.CheckAsync();
    });

    [Fact]
    public Task FailedOperations_KillsAndPowerCuts_OneAfterTheOther_LoseNothingAcknowledged() => LiveOnAsync(4, 20, async disk =>
    {
        // From one operation on every operation of a kind fails, or that one alone, in an opening as well as later; what a failed sync left in the cache is never
        // written. Then the process ends, and only sometimes the power: the next life reads what is in the cache.
        var random = disk.Random;
        var (from, kind, once) = (disk.Disk.Operations + random.Next(1, 300), (DiskOperation)random.Next(6), random.Next(2) == 0);
        var isDone = 0;
        disk.Disk.Fault = (operation, done, path) => operation >= from && done == kind && (!once || Interlocked.Exchange(ref isDone, 1) == 0)
            ? new IOException($"{path}: {done} failed (simulated)")
            : null;
        disk.Disk.CutAt = from + 200;
        await disk.LiveAsync();
        if (random.Next(2) == 0)
        {
            disk.Disk.PowerCut();
        }

        disk.Disk.Kill();
        if (random.Next(2) == 0)
        {
            await disk.CheckAsync();
        }
    });

    private async Task LiveOnAsync(int disks, int lives, Func<LivedDisk, Task> lifeAsync)
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var operations = 0L;
        for (var number = 0; number < disks; number++)
        {
            var disk = new LivedDisk(seed + number);
            for (disk.Life = 0; disk.Life < lives; disk.Life++)
            {
                await lifeAsync(disk);
            }

            disk.Disk.PowerCut();
            await disk.CheckAsync();
            operations += disk.Acknowledged.Sum();
        }

        output.WriteLine($"{disks * lives} lives, {operations} operations acknowledged");
        Assert.True(operations > disks * lives, "hardly anything was written");
    }

    private static async Task LiveAsync(SimulatedDisk disk, int seed, long[] acknowledged)
    {
        WalLogStore store;
        try
        {
            store = WalLogStore.Open(disk, Settings, Options, TimeProvider.System);
        }
        catch (IOException e) when (e is PowerCutException || e.Message.EndsWith("(simulated)", StringComparison.Ordinal))
        {
            return;
        }

        await Task.WhenAll(Enumerable.Range(0, Groups).Select(number => Task.Run(() => WriteAsync(store, seed, number, acknowledged))));
        await store.DisposeAsync();
    }

    private static async Task WriteAsync(ILogStore store, int seed, int number, long[] acknowledged)
    {
        try
        {
            var log = await store.OpenAsync(new RaftGroupId("g", number), default);
            var history = At(seed, number, log);
            var batch = new WriteBatch();
            while (true)
            {
                var operation = history.Next();
                WriterProcess.Fill(batch, log, operation);
                await store.WriteAsync(batch);
                acknowledged[number] = history.Count;
            }
        }
        catch (LogStoreException)
        {
            // The power is cut.
        }
    }

    private static async Task CheckAsync(SimulatedDisk disk, int seed, long[] acknowledged, string where)
    {
        InlineLogStore store;
        try
        {
            store = new InlineLogStore(disk, Settings, Options);
        }
        catch (IOException e)
        {
            throw new InvalidOperationException($"{where}: does not open", e);
        }

        var groups = store.Groups;
        for (var number = 0; number < Groups; number++)
        {
            var id = new RaftGroupId("g", number);
            Assert.True(groups.Contains(id) || acknowledged[number] == 0, $"{where}: {id} is gone");
            var log = await store.OpenAsync(id, default);
            var history = At(seed, number, log);
            Assert.True(
                history.Count == acknowledged[number] || history.Count == acknowledged[number] + 1,
                $"{where}: {id} acknowledged {acknowledged[number]}, found {history.Count}");
            history.CheckLog(log.Reader, $"{where}: {id}");
            acknowledged[number] = history.Count;
        }

        store.Abandon();
        disk.Kill();
    }

    /// <summary>The history as far as the log holds it: each operation stores its number.</summary>
    private static GroupHistory At(int seed, int number, GroupLog log)
    {
        var history = new GroupHistory(seed, number);
        for (var done = log.Metadata.IsEmpty ? 0 : BinaryPrimitives.ReadInt64LittleEndian(log.Metadata.Span); history.Count < done;)
        {
            history.Next();
        }

        return history;
    }

    /// <summary>A disk, and what was acknowledged on it, life after life.</summary>
    private sealed class LivedDisk(int seed)
    {
        public Random Random { get; } = new(seed);

        public SimulatedDisk Disk { get; } = new(seed);

        public long[] Acknowledged { get; } = new long[Groups];

        public int Life { get; set; }

        public Task LiveAsync() => PowerCutUnderLoadTests.LiveAsync(Disk, seed, Acknowledged);

        public Task CheckAsync() => PowerCutUnderLoadTests.CheckAsync(Disk, seed, Acknowledged, $"seed {seed} life {Life}");
    }
}
