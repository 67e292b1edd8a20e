using Orleans.Configuration;
using Orleans.Raft.Storage.Engine;
using Orleans.Raft.TestDisk;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Conformance;

/// <summary>The store in memory.</summary>
public sealed class MemoryStateStoreTests : StateStoreConformance
{
    protected override Task<IStateStore> OpenStoreAsync() => Task.FromResult<IStateStore>(new MemoryStateStore());
}

/// <summary>The model that simulations use: RocksDB's promise and nothing beyond it.</summary>
public sealed class SimulatedStateStoreTests : StateStoreConformance
{
    private readonly SimulatedStateStore _store = new(seed: 1);

    protected override Task<IStateStore> OpenStoreAsync() => Task.FromResult<IStateStore>(_store);

    [Fact]
    public async Task A_crash_loses_a_suffix_of_whole_batches_and_nothing_flushed()
    {
        var seen = new HashSet<long>();
        for (var round = 0; round < 50; round++)
        {
            var start = round * 100;
            await WriteAsync(7, At(start + 1), ("a", $"{start + 1}"), ("b", $"{start + 1}"));
            await Store.FlushAsync(default);
            for (var i = 2; i <= 5; i++)
            {
                await WriteAsync(7, At(start + i), ("a", $"{start + i}"), ("b", $"{start + i}"));
            }

            _store.Crash();
            var index = Store.GetApplied(7).Position.Index;
            Assert.InRange(index, start + 1, start + 5);
            Assert.Equal(Store.GetApplied(7), Store.GetDurableApplied(7));
            Assert.Equal($"a={index} b={index}", Print(7));
            seen.Add(index - start);
        }

        Assert.Equal(5, seen.Count);
    }
}

/// <summary>RocksDB.</summary>
public sealed class RocksStateStoreTests : StateStoreConformance
{
    private static readonly Guid StoreId = Guid.NewGuid();
    private readonly TemporaryDirectory _directory = new();

    private string DatabasePath => Path.Combine(_directory.Path, "state");

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _directory.Dispose();
    }

    protected override Task<IStateStore> OpenStoreAsync() =>
        Task.FromResult<IStateStore>(RocksStateStore.Open(DatabasePath, StoreId, new RaftEngineOptions()));

    [Fact]
    public async Task What_is_not_flushed_counts_as_not_durable()
    {
        await WriteAsync(7, At(9), ("a", "1"));
        await Store.FlushAsync(default);
        await WriteAsync(7, At(10), ("a", "2"));

        Assert.Equal(At(10), Store.GetApplied(7));
        Assert.Equal(At(9), Store.GetDurableApplied(7));
    }

    [Fact]
    public async Task A_clean_close_keeps_everything()
    {
        await WriteAsync(7, At(9), ("a", "1"), (new string('x', 1000), "long key"));
        await ReopenAsync();

        Assert.Equal(At(9), Store.GetDurableApplied(7));
        Assert.Equal($"a=1 {new string('x', 1000)}=long key", Print(7));
    }

    [Fact]
    public async Task A_database_of_another_store_is_refused()
    {
        await Store.DisposeAsync();
        Assert.Throws<CorruptionException>(() => RocksStateStore.Open(DatabasePath, Guid.NewGuid(), new RaftEngineOptions()));
        await ReopenAsync();
    }

    [Fact]
    public async Task A_damaged_block_is_an_error_not_an_end()
    {
        await WriteAsync(7, At(9), [.. Enumerable.Range(0, 5000).Select(static i => ($"{i:d6}", (string?)$"{i}{Guid.NewGuid()}{Guid.NewGuid()}"))]);
        await Store.DisposeAsync();
        var file = Directory.GetFiles(DatabasePath, "*.sst").MaxBy(static path => new FileInfo(path).Length)!;
        var bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 3] ^= 1;
        File.WriteAllBytes(file, bytes);

        await ReopenAsync();
        Assert.Throws<CorruptionException>(() => Print(7));
        Assert.Throws<CorruptionException>(() =>
        {
            for (var i = 0; i < 5000; i++)
            {
                Store.Get(7, System.Text.Encoding.UTF8.GetBytes($"{i:d6}"));
            }
        });
    }

    [Fact]
    public async Task A_view_that_is_disposed_after_the_store_is_not_the_processes_end()
    {
        await WriteAsync(7, At(1), ("a", "1"));
        var view = Store.OpenView(7);
        var closing = Store.DisposeAsync().AsTask();
        view.Dispose();
        await closing;
        Assert.Throws<ObjectDisposedException>(() => view.Get("a"u8));
        Assert.Throws<ObjectDisposedException>(() => Store.Get(7, "a"u8));
        await ReopenAsync();
    }
}
