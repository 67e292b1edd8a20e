using Orleans.Configuration;
using Orleans.Raft.Core;
using Orleans.Raft.Storage.Engine;
using Orleans.Raft.TestDisk;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Storage.Tests.Faults;

/// <summary>What a log costs on the disk and in memory while it runs for long.</summary>
public sealed class ReclaimTests(ITestOutputHelper output)
{
    private static readonly LogStoreSettings Settings = new("/disk", "service", "silo-1");
    private static readonly RaftEngineOptions Options = new() { SegmentBytes = 256 << 10, CacheBytes = 0 };

    [Fact]
    public async Task One_idle_group_and_255_busy_ones_stay_below_twice_the_live_bytes_plus_four_segments()
    {
        const int Groups = 256, Rounds = 60, Kept = 3;
        var disk = new SimulatedDisk(1);
        var store = new InlineLogStore(disk, Settings, Options);
        var logs = new GroupLog[Groups];
        for (var i = 0; i < Groups; i++)
        {
            logs[i] = await store.OpenAsync(new RaftGroupId("g", i), default);
        }

        var idle = logs[0];
        await DiskFailureTests.Write(store, idle, 1, [1, 2, 3]);
        await DiskFailureTests.Write(store, idle, 2, new byte[3000]);
        var worst = 0.0;
        for (var round = 1; round <= Rounds; round++)
        {
            var batch = new WriteBatch();
            foreach (var log in logs.Skip(1))
            {
                batch.Append(log, [new Entry(1, round, EntryType.EntryNormal, new byte[300])]);
                if (round > Kept)
                {
                    batch.CompactTo(log, new EntryId(1, round - Kept));
                }
            }

            await store.WriteAsync(batch);
            var status = store.GetStatus();
            var onDisk = disk.Files.Sum(path => (long)disk[path].Length);
            var bound = (2 * status.LiveBytes) + (4 * Options.SegmentBytes);
            worst = Math.Max(worst, (double)onDisk / bound);
            Assert.True(onDisk <= bound, $"round {round}: {onDisk} bytes on disk, bound {bound}, {status}");
        }

        output.WriteLine($"worst {worst:p0} of the bound, {store.GetStatus()}");
        store.Abandon();
        disk.PowerCut();
        store = new InlineLogStore(disk, Settings, Options);
        var reader = (await store.OpenAsync(idle.Group, default)).Reader;
        List<Entry> entries = [];
        Assert.True(reader.TryRead(1, 3, long.MaxValue, entries));
        Assert.Equal([1, 2, 3], entries[0].Data.ToArray());
        Assert.Equal(3000, entries[1].Data.Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(24)]
    public async Task Concurrent_writers_never_take_the_directory_beyond_its_bound(int fullSegments)
    {
        const int Groups = 64, Rounds = 150, Kept = 3;
        using var directory = new TemporaryDirectory();
        await using var store = WalLogStore.Open(PhysicalFileSystem.Instance, Settings with { Directory = directory.Path }, Options, TimeProvider.System);
        var idle = await store.OpenAsync(new RaftGroupId("idle", 0), default);

        // Whole segments of an idle group's entries stand before all that dies: moving them alone gains nothing.
        var idleEntries = 1 + (fullSegments * 4);
        for (var index = 1; index <= idleEntries; index++)
        {
            await DiskFailureTests.Write(store, idle, index, new byte[fullSegments == 0 ? 3000 : 60_000]);
        }

        var (worst, samples) = (0.0, 0);
        await Task.WhenAll(Enumerable.Range(0, Groups).Select(number => Task.Run(async () =>
        {
            var log = await store.OpenAsync(new RaftGroupId("g", number), default);
            var batch = new WriteBatch();
            for (var index = 1; index <= Rounds; index++)
            {
                batch.Clear();
                batch.Append(log, [new Entry(1, index, EntryType.EntryNormal, new byte[700])]);
                if (index > Kept)
                {
                    batch.CompactTo(log, new EntryId(1, index - Kept));
                }

                await store.WriteAsync(batch);
                var share = Share(store.GetStatus());
                lock (directory)
                {
                    (worst, samples) = (Math.Max(worst, share), samples + 1);
                }
            }
        })));

        output.WriteLine($"worst {worst:p0} of the bound in {samples} samples, {Share(store.GetStatus()):p0} at the end, {store.GetStatus()}");
        Assert.True(worst <= 1, $"{worst:p0}, {store.GetStatus()}");
        Assert.All(Conformance.LogText.Read(idle.Reader), entry => Assert.Equal(fullSegments == 0 ? 3000 : 60_000, entry.Data.Length));
        Assert.Equal(idleEntries, idle.Reader.LastIndex);
        var live = store.GetStatus().LiveBytes;
        await store.DisposeAsync();
        var onDisk = Directory.GetFiles(directory.Path, "*", SearchOption.AllDirectories).Sum(static path => new FileInfo(path).Length);
        Assert.True(onDisk <= (2 * live) + (4 * Options.SegmentBytes), $"{onDisk} bytes on disk, {live} live");

        static double Share(LogStoreStatus status) => (double)status.TotalBytes / ((2 * status.LiveBytes) + (4 * Options.SegmentBytes));
    }

    [Fact]
    public async Task A_reader_keeps_its_segment_while_the_log_goes_on()
    {
        using var directory = new TemporaryDirectory();
        await using var store = WalLogStore.Open(PhysicalFileSystem.Instance, Settings with { Directory = directory.Path }, Options, TimeProvider.System);
        var log = await store.OpenAsync(new RaftGroupId("g", 0), default);
        using var stop = new CancellationTokenSource();
        var reading = Task.Run(() =>
        {
            var read = 0;
            List<Entry> entries = [];
            while (!stop.IsCancellationRequested)
            {
                entries.Clear();
                var first = log.Reader.FirstIndex;
                if (log.Reader.TryRead(first, first + 5, long.MaxValue, entries))
                {
                    foreach (var entry in entries)
                    {
                        Assert.Equal(BitConverter.GetBytes(entry.Index), entry.Data[..8].ToArray());
                        read++;
                    }
                }
            }

            return read;
        });

        var batch = new WriteBatch();
        for (var index = 1; index <= 4000; index++)
        {
            var payload = new byte[700];
            BitConverter.TryWriteBytes(payload, (long)index);
            batch.Clear();
            batch.Append(log, [new Entry(1, index, EntryType.EntryNormal, payload)]);
            if (index > 10)
            {
                batch.CompactTo(log, new EntryId(1, index - 10));
            }

            await store.WriteAsync(batch);
        }

        stop.Cancel();
        Assert.True(await reading > 0);
        output.WriteLine($"{await reading} entries read, {store.GetStatus()}");
    }

    [Fact]
    public void Committing_allocates_nothing()
    {
        using var directory = new TemporaryDirectory();
        var opener = new WalOpener(PhysicalFileSystem.Instance, directory.Path, new RaftEngineOptions { SegmentBytes = 16 << 20 });
        var (wal, held) = opener.Open("service", "silo-1");
        using (held)
        using (wal)
        {
            var open = new PendingWrite(static _ => { }) { Group = new RaftGroupId("g", 0), RecordBytes = 100 };
            wal.Commit([open]);
            var log = open.Opened!;
            var payload = new byte[200];
            var batch = new WriteBatch();
            var entries = new Entry[4];
            var write = new PendingWrite(static _ => { }) { Batch = batch };
            List<PendingWrite> writes = [write];
            var index = 0L;
            for (var i = 0; i < 300; i++)
            {
                Step();
            }

            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 200; i++)
            {
                Step();
            }

            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

            void Step()
            {
                for (var i = 0; i < entries.Length; i++)
                {
                    entries[i] = new Entry(1, ++index, EntryType.EntryNormal, payload);
                }

                batch.Clear();
                batch.Append(log, entries);
                batch.SetHardState(log, new HardState(1, default, index));
                if (index > 100)
                {
                    batch.CompactTo(log, new EntryId(1, index - 50));
                }

                write.RecordBytes = (int)RecordSizes.Of(batch);
                wal.Commit(writes);
                Assert.Null(write.Refusal);
            }
        }
    }
}
