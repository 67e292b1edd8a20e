using Orleans.Configuration;
using Orleans.Raft.Core;
using Orleans.Raft.Storage.Engine;
using Orleans.Raft.TestDisk;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Storage.Tests.Faults;

/// <summary>Disks that refuse: any failure stops the store for good, says so to everybody, and hurts nothing that was there.</summary>
public sealed class DiskFailureTests(ITestOutputHelper output)
{
    private static readonly LogStoreSettings Settings = new("/disk", "service", "silo-1");
    private static readonly RaftEngineOptions Options = new() { SegmentBytes = 64 << 10, CacheBytes = 0 };
    private static readonly RaftGroupId Orders = new("orders", 1);

    [Fact]
    public async Task FailedOperation_Anywhere_StopsTheStoreAndLosesNothingAcknowledged()
    {
        const int Steps = 150;
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var script = Script.Make(seed, Steps);
        var expected = await ScriptRun.ExpectAsync(script);
        var total = await CountOperationsAsync(script);

        for (var failing = 0; failing < total; failing++)
        {
            var disk = new SimulatedDisk(failing) { Fault = (number, operation, path) => number == failing ? new IOException($"{path}: {operation} failed (simulated)") : null };
            var step = 0;
            var opened = false;
            try
            {
                var store = new InlineLogStore(disk, Settings, Options);
                opened = true;
                var run = new ScriptRun(store);
                for (; step < script.Count; step++)
                {
                    await run.DoAsync(script[step]);
                }

                Assert.Fail($"seed {seed}: operation {failing} was to fail and nobody noticed");
            }
            catch (IOException e)
            {
                Assert.True(e is LogStoreException || !opened, $"seed {seed} operation {failing}: {e}");
            }

            disk.PowerCut();
            var found = await ScriptRun.DescribeAsync(new InlineLogStore(disk, Settings, Options));
            Assert.True(
                found == expected[step] || found == expected[Math.Min(step + 1, script.Count)],
                $"seed {seed} operation {failing} step {step} {script[step].Text}:\nexpected\n{expected[step]}or\n{expected[step + 1]}found\n{found}");
        }

        output.WriteLine($"{total} operations");
    }

    [Fact]
    public async Task ShortWrites_AreContinued()
    {
        var script = Script.Make(seed: 5, steps: 100);
        var expected = await ScriptRun.ExpectAsync(script);
        var disk = new SimulatedDisk(5) { MaxWrite = 700 };
        var store = new InlineLogStore(disk, Settings, Options);
        var run = new ScriptRun(store);
        foreach (var step in script)
        {
            await run.DoAsync(step);
        }

        store.Abandon();
        disk.PowerCut();
        Assert.Equal(expected[^1], await ScriptRun.DescribeAsync(new InlineLogStore(disk, Settings, Options)));
    }

    [Fact]
    public async Task FullDisk_StopsTheStore_AndARestartWithSpaceWorks()
    {
        var script = Script.Make(seed: 6, steps: 300);
        var expected = await ScriptRun.ExpectAsync(script);
        var disk = new SimulatedDisk(6) { Capacity = 200 << 10 };
        var store = new InlineLogStore(disk, Settings, Options);
        var run = new ScriptRun(store);
        var done = 0;
        var failure = await Assert.ThrowsAsync<LogStoreException>(async () =>
        {
            for (; done < script.Count; done++)
            {
                await run.DoAsync(script[done]);
            }
        });

        Assert.Contains("no space left", failure.Message);
        store.Abandon();
        disk.Kill();
        disk.Capacity = long.MaxValue;
        store = new InlineLogStore(disk, Settings, Options);
        var found = await ScriptRun.DescribeAsync(store);
        Assert.True(found == expected[done] || found == expected[done + 1], $"step {done}\n{expected[done]}found\n{found}");
        await store.OpenAsync(Orders, default);
    }

    [Fact]
    public async Task FailedSync_FailsEverythingPending_IsNeverTriedAgain_AndIsTold()
    {
        var disk = new SimulatedDisk(7);
        await using var store = WalLogStore.Open(disk, Settings, Options, TimeProvider.System);
        var log = await store.OpenAsync(Orders, default);
        var told = new TaskCompletionSource<LogStoreException>();
        store.Failed += told.SetResult;
        var syncs = 0;
        disk.Fault = (_, operation, path) =>
            operation is DiskOperation.Sync && path.EndsWith(".wal", StringComparison.Ordinal) && Interlocked.Increment(ref syncs) > 0
                ? new IOException($"{path}: fdatasync failed (simulated)")
                : null;

        var writes = Enumerable.Range(1, 20).Select(index => Write(store, log, index)).ToArray();
        foreach (var write in writes)
        {
            var failure = await Assert.ThrowsAsync<LogStoreException>(() => write);
            Assert.Contains("fdatasync failed", failure.Message);
        }

        Assert.Same((await told.Task).GetType(), typeof(LogStoreException));
        Assert.NotNull(store.GetStatus().Failure);
        await Assert.ThrowsAsync<LogStoreException>(() => Write(store, log, 1));
        await Assert.ThrowsAsync<LogStoreException>(async () => await store.OpenAsync(Orders, default));
        await store.DisposeAsync();
        Assert.Equal(1, syncs);
        Assert.Equal(0, log.Reader.LastIndex);
    }

    [Fact]
    public async Task HangingDisk_ShowsInTheAgeOfTheOldestWrite_AndInTheBoundOfTheQueue()
    {
        var time = new ManualTime();
        var disk = new SimulatedDisk(8);
        await using var store = WalLogStore.Open(disk, Settings, new RaftEngineOptions { SegmentBytes = 64 << 10, MaxQueuedBytes = 8 << 10 }, time);
        var log = await store.OpenAsync(Orders, default);
        Assert.Equal(TimeSpan.Zero, store.GetStatus().OldestPendingAge);

        disk.Hang = new ManualResetEventSlim();
        var first = Write(store, log, 1);
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(TimeSpan.FromSeconds(3), store.GetStatus().OldestPendingAge);
        Assert.False(store.IsFull);

        var second = Write(store, log, 2, new byte[10 << 10]);
        Assert.True(store.IsFull);
        Assert.False(first.IsCompleted);
        disk.Hang.Set();
        await first;
        await second;
        Assert.Equal(2, log.Reader.LastIndex);
        Assert.False(store.IsFull);
    }

    [Fact]
    public async Task HangingDisk_DoesNotKeepTheOneWhoCloses()
    {
        var disk = new SimulatedDisk(8);
        var store = WalLogStore.Open(disk, Settings, Options, TimeProvider.System);
        store.ClosePatience = TimeSpan.FromMilliseconds(200);
        var log = await store.OpenAsync(Orders, default);
        disk.Hang = new ManualResetEventSlim();
        var taken = Write(store, log, 1);
        Assert.True(SpinWait.SpinUntil(() => disk.IsHanging, TimeSpan.FromSeconds(30)));
        var waiting = Write(store, log, 2);

        var failure = await Assert.ThrowsAsync<LogStoreException>(() => store.DisposeAsync().AsTask());
        Assert.Contains("the disk does not answer", failure.Message);
        Assert.Same(failure, await Assert.ThrowsAsync<LogStoreException>(() => waiting));
        Assert.NotNull(store.GetStatus().Failure);
        Assert.False(taken.IsCompleted);

        disk.Hang.Set();
        await taken;
    }

    [Fact]
    public async Task FailedSync_ThenPowerCutInTheNextLife_LosesNothingThatLifeBuiltOn()
    {
        // After an fsync that failed the page cache holds the batch and takes it for clean: the next life reads it, believes it, and a power cut takes it away.
        var disk = new SimulatedDisk(12);
        var store = new InlineLogStore(disk, Settings, Options);
        var log = await store.OpenAsync(Orders, default);
        await Write(store, log, 1);
        disk.Fault = static (_, operation, path) => operation is DiskOperation.Sync ? new IOException($"{path}: fdatasync failed (simulated)") : null;
        await Assert.ThrowsAsync<LogStoreException>(() => Write(store, log, 2));
        store.Abandon();
        disk.Kill();

        store = new InlineLogStore(disk, Settings, Options);
        log = await store.OpenAsync(Orders, default);
        var believed = log.Reader.LastIndex;
        Assert.Equal(2, believed);
        await Write(store, log, 3);
        store.Abandon();
        disk.PowerCut();

        store = new InlineLogStore(disk, Settings, Options);
        Assert.Equal(3, (await store.OpenAsync(Orders, default)).Reader.LastIndex);
    }

    [Fact]
    public async Task Reopened_log_is_marked_so_that_what_recovery_believed_is_never_cut()
    {
        var disk = new SimulatedDisk(13);
        var first = new InlineLogStore(disk, Settings, Options);
        await Write(first, await first.OpenAsync(Orders, default), 1);
        first.Abandon();
        disk.Kill();

        await using var store = WalLogStore.Open(disk, Settings, Options, TimeProvider.System);
        var before = store.GetStatus().LastSequence;
        Assert.True(SpinWait.SpinUntil(() => store.GetStatus().LastSequence == before + 1, TimeSpan.FromSeconds(30)), "no mark was written");
    }

    [Fact]
    public async Task A_write_that_is_too_large_is_refused_and_nothing_else_suffers()
    {
        await using var store = WalLogStore.Open(new SimulatedDisk(14), Settings, Options, TimeProvider.System);
        var log = await store.OpenAsync(Orders, default);
        var large = new byte[RecordHeader.MaxPayload];
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => Write(store, log, 1, large));
        Assert.Contains("orders/1", refusal.Message);
        var many = Enumerable.Range(1, 8).Select(index => new Entry(1, index, EntryType.EntryNormal, large)).ToArray();
        var batch = new WriteBatch();
        batch.Append(log, many);
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.WriteAsync(batch).AsTask());
        await Write(store, log, 1);
        Assert.Equal(1, log.Reader.LastIndex);
    }

    [Fact]
    public async Task Whoever_waits_never_runs_on_the_writer_thread()
    {
        await using var store = WalLogStore.Open(new SimulatedDisk(9), Settings, Options, TimeProvider.System);
        await Task.Run(() => WriteAndLookAsync(store));
    }

    internal static Task Write(ILogStore store, GroupLog log, long index, byte[]? payload = null)
    {
        var batch = new WriteBatch();
        batch.Append(log, [new Entry(1, index, EntryType.EntryNormal, payload ?? [1, 2, 3])]);
        return store.WriteAsync(batch).AsTask();
    }

    private static async Task WriteAndLookAsync(WalLogStore store)
    {
        var log = await store.OpenAsync(Orders, default);
        for (var index = 1; index <= 50; index++)
        {
            await Write(store, log, index);
            Assert.NotEqual("raft-log-writer", Thread.CurrentThread.Name);
        }
    }

    private static async Task<int> CountOperationsAsync(List<ScriptStep> script)
    {
        var disk = new SimulatedDisk(0);
        var run = new ScriptRun(new InlineLogStore(disk, Settings, Options));
        foreach (var step in script)
        {
            await run.DoAsync(step);
        }

        return disk.Operations;
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _now = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Volatile.Read(ref _now);

        public void Advance(TimeSpan by) => Interlocked.Add(ref _now, by.Ticks);
    }
}
