namespace Orleans.Raft.Storage.Engine;

/// <summary>A batch, or the deletion of a generation, that waits to be written.</summary>
internal sealed class StateWrite(StateBatch? batch, long generation)
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The batch; null for a deletion.</summary>
    public StateBatch? Batch { get; } = batch;

    public long Generation { get; } = generation;

    public Task Task => _done.Task;

    public void Complete() => _done.SetResult();

    public void Fail(Exception failure) => _done.SetException(failure);
}

/// <summary>Writes that wait for the state store's thread. Each replica has one at a time, which bounds it.</summary>
internal sealed class StateQueue
{
    private readonly object _lock = new();
    private readonly Queue<StateWrite> _waiting = new();
    private bool _isClosed;

    public bool TryAdd(StateWrite write)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return false;
            }

            _waiting.Enqueue(write);
            Monitor.Pulse(_lock);
            return true;
        }
    }

    /// <summary>Waits for writes and takes those that are there; false once the queue is closed and empty.</summary>
    public bool TryTake(List<StateWrite> into, int most)
    {
        lock (_lock)
        {
            while (_waiting.Count == 0)
            {
                if (_isClosed)
                {
                    return false;
                }

                Monitor.Wait(_lock);
            }

            while (_waiting.Count > 0 && into.Count < most)
            {
                into.Add(_waiting.Dequeue());
            }

            return true;
        }
    }

    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Closes the queue and returns all that will never be written.</summary>
    public List<StateWrite> Abort(List<StateWrite> taken)
    {
        lock (_lock)
        {
            _isClosed = true;
            List<StateWrite> all = [.. taken, .. _waiting];
            _waiting.Clear();
            taken.Clear();
            return all;
        }
    }
}
