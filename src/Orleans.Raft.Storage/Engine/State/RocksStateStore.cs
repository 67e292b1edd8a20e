using System.Runtime.ExceptionServices;
using RocksDbSharp;
using IOException = System.IO.IOException;

namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// The state store on RocksDB: one database, one column family (so that rows and applied record are flushed together, SAFETY-RULES A11), without a log of its own.
/// </summary>
internal sealed partial class RocksStateStore : IStateStore
{
    // Reads what is in files only: without a log of its own, that is what a crash leaves.
    private const int PersistedTier = 2;

    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(30);

    private readonly string _path;
    private readonly RocksHandles _handles;
    private readonly RocksDb _database;
    private readonly UseGate _gate;
    private readonly ReadOptions _persisted = new ReadOptions().SetReadTier(PersistedTier);
    private readonly WriteOptions _writeOptions = new WriteOptions().DisableWal(1);
    private readonly SemaphoreSlim _flushing = new(1);
    private readonly StateQueue _queue = new();
    private readonly List<StateWrite> _gathered = [];
    private readonly Thread _writer;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private LogStoreException? _failure;
    private int _isDisposed;

    private RocksStateStore(string path, RocksHandles handles, RocksDb database)
    {
        _path = path;
        _handles = handles;
        _database = database;
        _gate = new UseGate(path);
        Native.Instance.rocksdb_writeoptions_set_no_slowdown(_writeOptions.Handle, 1);
        _writer = new Thread(Write) { IsBackground = true, Name = "raft-state-writer" };
    }

    public event Action<LogStoreException>? Failed;

    public IReadOnlyCollection<long> Generations
    {
        get
        {
            List<long> generations = [];
            _gate.Enter();
            try
            {
                using var iterator = _database.NewIterator();
                for (iterator.Seek(StateKeys.FirstApplied); iterator.Valid() && StateKeys.TryReadApplied(iterator.GetKeySpan(), out var generation); iterator.Next())
                {
                    generations.Add(generation);
                }

                ThrowIfDamaged(iterator);
            }
            finally
            {
                _gate.Leave();
            }

            return generations;
        }
    }

    /// <summary>Opens the database of a store, making it where there is none.</summary>
    public static RocksStateStore Open(string path, Guid storeId, RaftEngineOptions options)
    {
        var isNew = !Directory.Exists(path);
        var tables = CheckFiles(path);
        PhysicalFileSystem.Instance.CreateDirectory(path);
        var handles = new RocksHandles(options);
        try
        {
            var database = RocksDb.Open(handles.Options, path);
            var store = new RocksStateStore(path, handles, database);
            try
            {
                store.CheckOwner(storeId, isNew, tables);
            }
            catch
            {
                database.Dispose();
                throw;
            }

            store._writer.Start();
            return store;
        }
        catch (RocksDbException e)
        {
            handles.Dispose();
            throw Translate(path, "the database", e);
        }
        catch
        {
            handles.Dispose();
            throw;
        }
    }

    public AppliedState GetApplied(long generation) => ReadApplied(generation, null);

    public AppliedState GetDurableApplied(long generation) => ReadApplied(generation, _persisted);

    public byte[]? Get(long generation, ReadOnlySpan<byte> key) => Get(generation, key, null);

    public IStateView OpenView(long generation)
    {
        _gate.Enter();
        var snapshot = _database.CreateSnapshot();
        try
        {
            return new RocksView(this, generation, snapshot);
        }
        catch
        {
            snapshot.Dispose();
            _gate.Leave();
            throw;
        }
    }

    public ValueTask WriteAsync(StateBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return Enqueue(new StateWrite(batch, batch.Generation));
    }

    public ValueTask DeleteAsync(long generation) => Enqueue(new StateWrite(null, generation));

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await _flushing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // A flush blocks for as long as the disk takes; the pool's threads are for others.
            await Task.Factory.StartNew(Flush, cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        }
        finally
        {
            _flushing.Release();
        }
    }

    /// <summary>Writes and flushes what is queued, then closes the database.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Close();
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        LogStoreException? unflushed = null;
        try
        {
            await _stopped.Task.WaitAsync(ClosePatience).ConfigureAwait(false);
            if (_failure is null)
            {
                await FlushAsync(CancellationToken.None).AsTask().WaitAsync(ClosePatience).ConfigureAwait(false);
            }
        }
        catch (TimeoutException e)
        {
            throw new IOException(
                $"{_path}: the state store could not be closed within {ClosePatience}: the disk does not answer. What was not flushed is applied again from the log after a restart.", e);
        }
        catch (LogStoreException e)
        {
            // The database is closed all the same, or this process could never open it again.
            unflushed = e;
        }

        var left = await Task.Run(() => _gate.Close(ClosePatience)).ConfigureAwait(false);
        if (left > 0)
        {
            // Closing under somebody's feet would kill the process. It is flushed, so leaving it open loses nothing.
            throw new IOException($"{_path}: {left} views or reads of the state store are still open after {ClosePatience}; it stays open until the process ends.");
        }

        _database.Dispose();
        _handles.Dispose();
        if (unflushed is not null)
        {
            ExceptionDispatchInfo.Throw(unflushed);
        }
    }

    private static IOException Translate(string path, string what, RocksDbException e) => e.Message.StartsWith("Corruption", StringComparison.Ordinal)
        ? new CorruptionException(path, 0, $"{what} as it was written", e.Message)
        : new IOException($"{path}: {what}: {e.Message}", e);

    private ValueTask Enqueue(StateWrite write) =>
        _queue.TryAdd(write) ? new ValueTask(write.Task) : ValueTask.FromException(Volatile.Read(ref _failure) ?? new LogStoreException($"{_path}: the state store is closed; nothing was written."));

    private AppliedState ReadApplied(long generation, ReadOptions? options)
    {
        _gate.Enter();
        try
        {
            return AppliedCodec.Decode(_path, _database.Get(StateKeys.Applied(generation), null, options));
        }
        catch (RocksDbException e)
        {
            throw Translate(_path, $"applied record of generation {generation}", e);
        }
        finally
        {
            _gate.Leave();
        }
    }

    private byte[]? Get(long generation, ReadOnlySpan<byte> key, ReadOptions? options)
    {
        Span<byte> whole = key.Length <= ShortKey ? stackalloc byte[StateKeys.PrefixSize + key.Length] : new byte[StateKeys.PrefixSize + key.Length];
        StateKeys.WriteRow(whole, generation, key);
        _gate.Enter();
        try
        {
            return _database.Get(whole, null, options);
        }
        catch (RocksDbException e)
        {
            throw Translate(_path, $"row {Convert.ToHexString(key)} of generation {generation}", e);
        }
        finally
        {
            _gate.Leave();
        }
    }

    private void Flush()
    {
        _gate.Enter();
        try
        {
            _database.Flush(new FlushOptions().SetWaitForFlush(true));
        }
        catch (RocksDbException e)
        {
            throw Fail(e);
        }
        finally
        {
            _gate.Leave();
        }
    }

    /// <summary>Refuses a directory in which the database would begin anew over what is there, or would never open. Returns how many files of rows it has.</summary>
    internal static int CheckFiles(string path)
    {
        if (!Directory.Exists(path))
        {
            return 0;
        }

        var tables = Directory.GetFiles(path, "*.sst").Length;
        var current = Path.Combine(path, "CURRENT");
        if (tables > 0 && !File.Exists(current))
        {
            throw new CorruptionException(current, 0, "the name of the newest manifest", $"no such file beside {tables} files of rows");
        }

        RocksManifest.Check(path);
        return tables;
    }

    private void CheckOwner(Guid storeId, bool isNew, int tables)
    {
        var owner = _database.Get(StateKeys.Owner);
        if (owner is not null)
        {
            if (new Guid(owner) != storeId)
            {
                throw new CorruptionException(_path, 0, $"the state of store {storeId:N}", $"that of store {new Guid(owner):N}");
            }

            return;
        }

        // A new database gets its owner before anything else; a crash in between leaves it empty.
        using var iterator = _database.NewIterator();
        if (!isNew && (tables > 1 || iterator.SeekToFirst().Valid()))
        {
            throw new CorruptionException(_path, 0, $"the mark of store {storeId:N}", $"{tables} files of rows without a mark");
        }

        ThrowIfDamaged(iterator);
        _database.Put(StateKeys.Owner, storeId.ToByteArray(), null, _writeOptions);
        _database.Flush(new FlushOptions().SetWaitForFlush(true));
    }

    /// <summary>An iterator that meets a damaged block ends as if there were no more rows; only this call tells.</summary>
    private void ThrowIfDamaged(Iterator iterator)
    {
        try
        {
            Native.Instance.rocksdb_iter_get_error(iterator.Handle);
        }
        catch (RocksDbException e)
        {
            throw Translate(_path, "rows in a scan", e);
        }
    }
}
