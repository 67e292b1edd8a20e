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
    public async Task PowerCut_WhileWriterAndKeeperWork_LosesNothingAcknowledged()
    {
        const int Disks = 6, Lives = 20;
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var operations = 0L;
        for (var number = 0; number < Disks; number++)
        {
            var random = new Random(seed + number);
            var disk = new SimulatedDisk(seed + number);
            var acknowledged = new long[Groups];
            for (var life = 0; life < Lives; life++)
            {
                disk.CutAt = disk.Operations + random.Next(1, 400);
                await LiveAsync(disk, seed + number, acknowledged);
                disk.PowerCut();
                await CheckAsync(disk, seed + number, acknowledged, $"seed {seed} disk {number} life {life}");
            }

            operations += acknowledged.Sum();
        }

        output.WriteLine($"{Disks * Lives} power cuts, {operations} operations acknowledged");
        Assert.True(operations > Disks * Lives, "hardly anything was written");
    }

    [Fact]
    public async Task FailedOperations_KillsAndPowerCuts_OneAfterTheOther_LoseNothingAcknowledged()
    {
        const int Disks = 4, Lives = 20;
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var operations = 0L;
        for (var number = 0; number < Disks; number++)
        {
            var random = new Random(seed + number);
            var disk = new SimulatedDisk(seed + number);
            var acknowledged = new long[Groups];
            for (var life = 0; life < Lives; life++)
            {
                // From one operation on every operation of a kind fails, or that one alone, in an opening as well as later; what a failed sync left in the cache is never
                // written. Then the process ends, and only sometimes the power: the next life reads what is in the cache.
                var (from, kind, once) = (disk.Operations + random.Next(1, 300), (DiskOperation)random.Next(6), random.Next(2) == 0);
                var isDone = 0;
                disk.Fault = (operation, done, path) => operation >= from && done == kind && (!once || Interlocked.Exchange(ref isDone, 1) == 0)
                    ? new IOException($"{path}: {done} failed (simulated)")
                    : null;
                disk.CutAt = from + 200;
                await LiveAsync(disk, seed + number, acknowledged);
                if (random.Next(2) == 0)
                {
                    disk.PowerCut();
                }

                disk.Kill();
                if (random.Next(2) == 0)
                {
                    await CheckAsync(disk, seed + number, acknowledged, $"seed {seed} disk {number} life {life}");
                }
            }

            disk.PowerCut();
            await CheckAsync(disk, seed + number, acknowledged, $"seed {seed} disk {number} at the end");
            operations += acknowledged.Sum();
        }

        output.WriteLine($"{Disks * Lives} lives, {operations} operations acknowledged");
        Assert.True(operations > Disks * Lives, "hardly anything was written");
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
}
