using Orleans.Configuration;
using Orleans.Raft.Core;
using Orleans.Raft.Storage.Engine;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Storage.Tests.Faults;

/// <summary>A real disk that fills up: the store stops and says so, nothing that was there is hurt, and a restart after space is freed works.</summary>
public sealed class FullDiskTests(ITestOutputHelper output)
{
    private static readonly RaftEngineOptions Options = new()
    {
        SegmentBytes = 256 << 10, CacheBytes = 0, StateMemoryBytes = 4 << 20, StateWriteBufferBytes = 256 << 10,
    };

    private static readonly RaftGroupId Orders = new("orders", 1);

    [SkippableFact]
    public async Task FullDisk_OfTheLog_StopsIt_AndARestartWithSpaceHasEverythingAcknowledged()
    {
        using var disk = new SmallDisk(1500);
        var acknowledged = 0L;
        await using (var store = await OpenAsync(disk))
        {
            var told = new TaskCompletionSource<LogStoreException>();
            store.Failed += told.SetResult;
            var log = await store.OpenAsync(Orders, default);
            var failure = await Assert.ThrowsAsync<LogStoreException>(async () =>
            {
                for (; acknowledged < 10_000; acknowledged++)
                {
                    await DiskFailureTests.Write(store, log, acknowledged + 1, Payload(acknowledged + 1));
                }
            });
            output.WriteLine($"after {acknowledged} entries: {failure.Message}");
            Assert.Contains("space", failure.Message);
            Assert.Same(failure, store.GetStatus().Failure);
            Assert.Same(failure, await told.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        }

        Assert.True(acknowledged > 100);

        // Still full: an opening may fail, and says why; it hurts nothing.
        disk.Fill();
        await Assert.ThrowsAnyAsync<IOException>(() => OpenAsync(disk));
        Assert.NotEqual(EngineCondition.Corrupt, EngineInspector.Inspect(disk.Directory).Condition);
        disk.Empty();
        disk.Resize(6000);

        for (var life = 0; life < 2; life++)
        {
            await using var store = await OpenAsync(disk);
            var log = await store.OpenAsync(Orders, default);
            Assert.InRange(log.Reader.LastIndex, acknowledged, acknowledged + 1);
            Assert.All(Conformance.LogText.Read(log.Reader), static entry => Assert.Equal(Payload(entry.Index), entry.Data.ToArray()));
            for (acknowledged = log.Reader.LastIndex; acknowledged % 100 != 0; acknowledged++)
            {
                await DiskFailureTests.Write(store, log, acknowledged + 1, Payload(acknowledged + 1));
            }

            await DiskFailureTests.Write(store, log, ++acknowledged, Payload(acknowledged));
        }
    }

    [SkippableFact]
    public async Task FullDisk_OfTheStateStore_StopsIt_AndARestartWithSpaceHasWhatWasFlushed()
    {
        using var disk = new SmallDisk(4000);
        var flushed = 0L;
        await using (var log = await OpenAsync(disk))
        {
            var state = await new StorageEngine(Options).OpenAsync(Settings(disk), log, default);
            var told = new TaskCompletionSource<LogStoreException>();
            state.Failed += told.SetResult;
            var failure = await Assert.ThrowsAsync<LogStoreException>(async () =>
            {
                for (var index = 1L; index < 100_000; index++)
                {
                    await WriteAsync(state, index);
                    if (index % 50 == 0)
                    {
                        await state.FlushAsync(default);
                        flushed = index;
                        Assert.Equal(index, state.GetDurableApplied(1).Position.Index);
                    }
                }
            });
            output.WriteLine($"after {flushed} batches: {failure.Message}");
            Assert.Contains("space", failure.Message, StringComparison.OrdinalIgnoreCase);
            await told.Task.WaitAsync(TimeSpan.FromSeconds(30));
            await Assert.ThrowsAsync<LogStoreException>(() => WriteAsync(state, 200_000));
            await state.DisposeAsync();
        }

        Assert.True(flushed > 100);
        disk.Resize(20_000);
        for (var life = 0; life < 2; life++)
        {
            await using var log = await OpenAsync(disk);
            await using var state = await new StorageEngine(Options).OpenAsync(Settings(disk), log, default);
            using var view = state.OpenView(1);
            var applied = view.Applied.Position.Index;
            Assert.True(applied >= flushed, $"applied {applied}, flushed {flushed}");
            var rows = view.Scan(default, default).ToList();
            Assert.Equal(applied, rows.Count);
            Assert.All(rows, static row => Assert.Equal(Payload(BitConverter.ToInt64(row.Key)), row.Value));
            await WriteAsync(state, applied + 1);
            await state.FlushAsync(default);
            flushed = applied + 1;
        }
    }

    private static byte[] Payload(long index)
    {
        var bytes = new byte[1000];
        new Random((int)index).NextBytes(bytes);
        return bytes;
    }

    private static Task WriteAsync(IStateStore state, long index)
    {
        var batch = new StateBatch(state, 1) { Applied = new AppliedState(new EntryId(1, index), ConfState.Of([new(1)])) };
        batch.Put(BitConverter.GetBytes(index), Payload(index));
        return state.WriteAsync(batch).AsTask();
    }

    private static LogStoreSettings Settings(SmallDisk disk) => new(disk.Directory, "service", "silo-1");

    private static Task<ILogStore> OpenAsync(SmallDisk disk) => new StorageEngine(Options).OpenAsync(Settings(disk), default).AsTask();
}
