namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// Counts who is inside the database. Native code does not check: a read after the database was closed kills the process.
/// </summary>
internal sealed class UseGate(string what)
{
    private readonly object _lock = new();
    private int _users;
    private bool _isClosed;

    public void Enter()
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                throw new ObjectDisposedException(what);
            }

            _users++;
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            _users--;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Lets nobody in any more and waits until all have left; the number of those who stayed.</summary>
    public int Close(TimeSpan patience)
    {
        var until = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        lock (_lock)
        {
            _isClosed = true;
            for (var left = patience; _users > 0 && left > TimeSpan.Zero; left = TimeSpan.FromMilliseconds(until - Environment.TickCount64))
            {
                Monitor.Wait(_lock, left);
            }

            return _users;
        }
    }
}
