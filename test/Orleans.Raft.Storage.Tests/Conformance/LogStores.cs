using Orleans.Configuration;
using Orleans.Raft.Storage.Engine;

namespace Orleans.Raft.Storage.Tests.Conformance;

/// <summary>The store in memory; opening again returns the same store, as a restart would find a durable one.</summary>
public sealed class MemoryLogStoreTests : LogStoreConformance
{
    private readonly MemoryLogStore _store = new();

    protected override Task<ILogStore> OpenStoreAsync() => Task.FromResult<ILogStore>(_store);
}

/// <summary>The durable log on the real disk.</summary>
public class WalLogStoreTests : LogStoreConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected virtual RaftEngineOptions Options => new() { SegmentBytes = 256 << 10 };

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _directory.Dispose();
    }

    protected override async Task<ILogStore> OpenStoreAsync() =>
        await new StorageEngine(Options).OpenAsync(new LogStoreSettings(_directory.Path, "service", "silo-1"), default);
}

/// <summary>The durable log when nothing is kept in memory and segments are as small as can be: every read and every roll happens.</summary>
public sealed class WalLogStoreWithoutCacheTests : WalLogStoreTests
{
    protected override RaftEngineOptions Options => new() { SegmentBytes = 64 << 10, CacheBytes = 0, MaxBatchBytes = 4 << 10 };
}
