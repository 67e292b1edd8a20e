using RocksDbSharp;

namespace Orleans.Raft.Storage.Engine;

/// <summary>Settings of the database, and the native objects that must outlive it.</summary>
internal sealed class RocksHandles : IDisposable
{
    private const int MaxOpenFiles = 512;
    private const int WriteBuffers = 3;
    private const int BloomBits = 10;
    private const ulong BlockSize = 8 << 10;
    private const ulong SyncEvery = 1 << 20;

    private readonly Cache _cache;
    private IntPtr _bufferManager;

    public RocksHandles(RaftEngineOptions options)
    {
        _cache = Cache.CreateLru((ulong)options.StateMemoryBytes);
        var table = new BlockBasedTableOptions()
            .SetBlockCache(_cache)
            .SetBlockSize(BlockSize)
            .SetFilterPolicy(BloomFilterPolicy.Create(BloomBits, false))
            .SetCacheIndexAndFilterBlocks(true)
            .SetPinL0FilterAndIndexBlocksInCache(true);
        Options = new DbOptions()
            .SetCreateIfMissing(true)
            .SetMaxOpenFiles(MaxOpenFiles)
            .SetWriteBufferSize((ulong)options.StateWriteBufferBytes)
            .SetMaxWriteBufferNumber(WriteBuffers)
            .SetCompression(Compression.Lz4)
            .SetLevelCompactionDynamicLevelBytes(true)
            .SetKeepLogFileNum(2)
            .SetBlockBasedTableFactory(table);

        // Large flushes in small pieces, so that the log's fsyncs don't queue behind them; and unflushed writes count as cache.
        Options.SetBytesPerSync(SyncEvery);
        _bufferManager = Native.Instance.rocksdb_write_buffer_manager_create_with_cache(
            (UIntPtr)(ulong)Math.Min(options.StateMemoryBytes / 2, options.StateWriteBufferBytes * WriteBuffers), _cache.Handle, 0);
        Native.Instance.rocksdb_options_set_write_buffer_manager(Options.Handle, _bufferManager);
    }

    public DbOptions Options { get; }

    public void Dispose()
    {
        var manager = Interlocked.Exchange(ref _bufferManager, IntPtr.Zero);
        if (manager != IntPtr.Zero)
        {
            Native.Instance.rocksdb_write_buffer_manager_destroy(manager);
        }
    }
}
