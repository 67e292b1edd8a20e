using Orleans.Configuration;
using Orleans.Raft.Core;
using Orleans.Raft.Storage.Engine;
using Orleans.Raft.TestDisk;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Storage.Tests.Faults;

/// <summary>Power cuts before every single disk operation of a history: what was acknowledged is there, what was not is there whole or not at all.</summary>
public sealed class CrashEverywhereTests(ITestOutputHelper output)
{
    private static readonly LogStoreSettings Settings = new("/disk", "service", "silo-1");

    // The smallest segments, so that a short history rolls, recycles and moves; no cache, so that every check reads the disk.
    private static readonly RaftEngineOptions Options = new() { SegmentBytes = 64 << 10, CacheBytes = 0 };

    [Fact]
    public async Task PowerCut_AfterASegmentThatWasSealedIsWrittenOn_LosesNothingAndOpens()
    {
        var id = new RaftGroupId("g", 0);
        const string Second = "/disk/log/0000000000000002.wal";
        var disk = new SimulatedDisk(17);
        var store = new InlineLogStore(disk, Settings, Options);
        var log = await store.OpenAsync(id, default);
        var last = 0;
        do
        {
            await DiskFailureTests.Write(store, log, ++last, new byte[5000]);
        }
        while (!disk.Files.Contains(Second) || !BatchHeader.TryRead(disk[Second].AsSpan(SegmentHeader.Size), out _));

        // The list calls the first segment sealed, and the batch that begins the second one was torn: the next life writes on in the first.
        store.Abandon();
        disk.Kill();
        disk[Second][SegmentHeader.Size + 20] ^= 1;
        last--;
        for (var cut = 1; cut < 60; cut++)
        {
            var fork = disk.Fork(cut);
            fork.CutAt = fork.Operations + cut;
            var acknowledged = last;
            try
            {
                store = new InlineLogStore(fork, Settings, Options);
                log = await store.OpenAsync(id, default);
                for (var size = 10; acknowledged < last + 4; size = 5000)
                {
                    await DiskFailureTests.Write(store, log, acknowledged + 1, new byte[size]);
                    acknowledged++;
                }
            }
            catch (IOException)
            {
                // The power is cut.
            }

            fork.PowerCut();
            var found = (await new InlineLogStore(fork, Settings, Options).OpenAsync(id, default)).Reader.LastIndex;
            Assert.True(found == acknowledged || found == acknowledged + 1, $"cut {cut}: acknowledged {acknowledged}, found {found}");
        }
    }

    [Theory]
    [InlineData(1, 400)]
    [InlineData(2, 400)]
    [InlineData(0, 400)]
    public async Task PowerCut_BeforeAnyOperation_LosesNothingAcknowledgedAndLeavesNothingHalf(int seed, int steps)
    {
        // Seed 0 stands for one that was never run before.
        seed = seed == 0 ? Environment.TickCount : seed;
        output.WriteLine($"seed {seed}");
        var script = Script.Make(seed, steps);
        var expected = await ScriptRun.ExpectAsync(script);

        var disk = new SimulatedDisk(seed);
        var cuts = 0;
        var step = 0;
        List<(SimulatedDisk Fork, string Where)> forks = [];
        var recycled = 0;
        disk.Before = (operation, path) =>
        {
            recycled += operation is DiskOperation.Rename && path.Contains("spare-") ? 1 : 0;
            forks.Add((disk.Fork(disk.Operations), $"seed {seed} step {step} before operation {disk.Operations}, {operation} of {path}"));
        };
        var store = new InlineLogStore(disk, Settings, Options);
        var run = new ScriptRun(store);
        await CheckAsync(["", ""]);
        for (step = 0; step < script.Count; step++)
        {
            await run.DoAsync(script[step]);
            if (step % 97 == 96)
            {
                await store.DisposeAsync();
                store = new InlineLogStore(disk, Settings, Options);
                run = new ScriptRun(store);
            }

            await CheckAsync([expected[step], expected[step + 1]]);
        }

        output.WriteLine($"{cuts} power cuts, {recycled} segments used again, {store.GetStatus()}");
        Assert.True(cuts >= 300, $"only {cuts} operations");
        Assert.True(recycled > 0, "no segment was used again");

        async Task CheckAsync(string[] allowed)
        {
            foreach (var (fork, where) in forks)
            {
                cuts++;
                fork.PowerCut();
                await CheckRecoveryAsync(fork, allowed, $"{where}: {script[Math.Min(step, script.Count - 1)].Text}");
            }

            forks.Clear();
        }
    }

    private static async Task CheckRecoveryAsync(SimulatedDisk disk, string[] allowed, string where)
    {
        InlineLogStore store;
        try
        {
            store = new InlineLogStore(disk, Settings, Options);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{where}: does not open", e);
        }

        var found = await ScriptRun.DescribeAsync(store);
        Assert.True(allowed.Contains(found), $"{where}:\nexpected\n{allowed[0]}or\n{allowed[^1]}found\n{found}");

        // The next life writes where the last one broke off, and breaks off too.
        var log = await store.OpenAsync(new RaftGroupId("after", 0), default);
        var batch = new WriteBatch();
        batch.Append(log, Conformance.LogText.Entries(1, 1, 3));
        await store.WriteAsync(batch);
        store.Abandon();
        disk.PowerCut();
        store = new InlineLogStore(disk, Settings, Options);
        var again = await ScriptRun.DescribeAsync(store);
        Assert.True(again.EndsWith(found, StringComparison.Ordinal), $"{where}: after another life\nexpected\n{found}found\n{again}");
        Assert.Equal(3, (await store.OpenAsync(new RaftGroupId("after", 0), default)).Reader.LastIndex);
    }
}
