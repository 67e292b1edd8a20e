namespace Orleans.Raft.TestDisk;

/// <summary>
/// A state store with RocksDB's promise without its log: batches are atomic and in order, and a crash loses an arbitrary suffix of those since the last
/// finished flush. The database may flush by itself at any time, and sometimes does.
/// </summary>
internal sealed class SimulatedStateStore(int seed) : IStateStore
{
    private readonly Random _random = new(seed);

    // The visible store after each batch since the last flush; the first one is what is durable.
    private readonly List<MemoryStateStore> _history = [new MemoryStateStore()];

    event Action<LogStoreException>? IStateStore.Failed
    {
        // Only a crash hurts it, and then nobody is there to be told.
        add { }
        remove { }
    }

    public IReadOnlyCollection<long> Generations => Current.Generations;

    private MemoryStateStore Current
    {
        get
        {
            lock (_history)
            {
                return _history[^1];
            }
        }
    }

    /// <summary>The process or the machine stops and starts again.</summary>
    public void Crash()
    {
        var kept = _random.Next(_history.Count);
        _history.RemoveRange(kept + 1, _history.Count - kept - 1);
        Flush();
    }

    public AppliedState GetApplied(long generation) => Current.GetApplied(generation);

    public AppliedState GetDurableApplied(long generation)
    {
        lock (_history)
        {
            return _history[0].GetApplied(generation);
        }
    }

    public byte[]? Get(long generation, ReadOnlySpan<byte> key) => Current.Get(generation, key);

    public IStateView OpenView(long generation) => Current.OpenView(generation);

    public ValueTask WriteAsync(StateBatch batch) => ChangeAsync(store => store.WriteAsync(batch));

    public ValueTask DeleteAsync(long generation) => ChangeAsync(store => store.DeleteAsync(generation));

    public ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        lock (_history)
        {
            Flush();
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => FlushAsync(default);

    private ValueTask ChangeAsync(Func<MemoryStateStore, ValueTask> change)
    {
        lock (_history)
        {
            if (_random.Next(100) == 0)
            {
                Flush();
            }

            var next = Current.Fork();
            var done = change(next);
            _history.Add(next);
            return done;
        }
    }

    private void Flush() => _history.RemoveRange(0, _history.Count - 1);
}
