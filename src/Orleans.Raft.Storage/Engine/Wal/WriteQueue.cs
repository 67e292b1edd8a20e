using System.Diagnostics;
using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// Writes that wait for the writer thread. Its bound is one of admission: a write that is handed in anyway, a vote for instance, is taken, and the one
/// who hands it in does not wait (SAFETY-RULES B9).
/// </summary>
internal sealed class WriteQueue(long maxBytes, TimeProvider time, int maxBatchWhileMoving = int.MaxValue)
{
    private const int MaxPooled = 4096;

    // Longer than a thread pool takes to wake those who waited, shorter than an fsync.
    private static readonly TimeSpan GatherPatience = TimeSpan.FromMicroseconds(60);

    // While one after the other comes, the wait goes on; no longer than the fsync that it saves.
    private static readonly TimeSpan GatherLimit = TimeSpan.FromMicroseconds(250);

    private readonly object _lock = new();
    private readonly RingDeque<PendingWrite> _waiting = new();
    private readonly Stack<PendingWrite> _pool = new();
    private long _bytes;
    private long _oldest;
    private bool _isClosed;
    private Exception? _fault;

    // A move has a place of its own: it takes turns with the sync batches of all others, however many of them wait.
    private PendingWrite? _move;
    private bool _wasMove;
    private volatile bool _isMoving;

    // Writer only: how many writes the last sync batch had.
    private int _lastCount;

    public bool IsFull => Volatile.Read(ref _bytes) >= maxBytes;

    /// <summary>Bytes that wait or are being written.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>True while live entries are moved: sync batches are small meanwhile, so that the mover keeps up.</summary>
    public bool IsMoving
    {
        get => _isMoving;
        set => _isMoving = value;
    }

    /// <summary>Age of the oldest write that is not durable, zero when there is none.</summary>
    public TimeSpan OldestAge
    {
        get
        {
            lock (_lock)
            {
                var since = _oldest != 0 ? _oldest : _waiting.Count > 0 ? _waiting[0].Timestamp : 0;
                return since == 0 ? TimeSpan.Zero : time.GetElapsedTime(since);
            }
        }
    }

    public PendingWrite Rent()
    {
        lock (_lock)
        {
            return _pool.TryPop(out var write) ? write : new PendingWrite(Return);
        }
    }

    /// <summary>Queues a write; false once the queue is closed.</summary>
    public bool TryAdd(PendingWrite write)
    {
        write.Timestamp = time.GetTimestamp();
        lock (_lock)
        {
            if (_isClosed)
            {
                return false;
            }

            _bytes += write.RecordBytes;
            if (write.Move is not null)
            {
                Invariant.Holds(_move is null, $"a second move of {write.RecordBytes} bytes is queued");
                _move = write;
                Monitor.Pulse(_lock);
                return true;
            }

            _waiting.PushBack(write);
            if (_waiting.Count == 1)
            {
                Monitor.Pulse(_lock);
            }

            return true;
        }
    }

    /// <summary>
    /// Writer: waits for writes and takes all that are pending, up to a size. False once the queue is closed and empty.
    /// </summary>
    /// <param name="into">Gets the writes.</param>
    /// <param name="maxBatch">Bytes to take at most, unless the first write is larger. A move is taken alone: nothing else may change its groups in its sync batch.</param>
    /// <param name="idleAfter">How long to wait.</param>
    /// <param name="isIdle">True if nothing came in that time.</param>
    public bool TryTake(List<PendingWrite> into, int maxBatch, TimeSpan idleAfter, out bool isIdle)
    {
        isIdle = false;
        lock (_lock)
        {
            while (_waiting.Count == 0 && _move is null)
            {
                ThrowIfFaulted();
                if (_isClosed)
                {
                    return false;
                }

                if (!Monitor.Wait(_lock, idleAfter) && _waiting.Count == 0 && _move is null && !_isClosed && _fault is null)
                {
                    isIdle = true;
                    return true;
                }
            }

            if (TakeMove_NeedsLock(into))
            {
                ThrowIfFaulted();
                return true;
            }

            Gather_NeedsLock();
            ThrowIfFaulted();
            Take_NeedsLock(into, _isMoving ? Math.Min(maxBatch, maxBatchWhileMoving) : maxBatch);
            return true;
        }
    }

    /// <summary>Writer: what was taken is durable or refused.</summary>
    public void Completed(List<PendingWrite> taken)
    {
        lock (_lock)
        {
            _oldest = 0;
            foreach (var write in taken)
            {
                _bytes -= write.RecordBytes;
            }
        }
    }

    /// <summary>Takes no more writes; the writer finishes those that are queued.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Makes the writer stop with a failure that happened on another thread.</summary>
    public void Fault(Exception fault)
    {
        lock (_lock)
        {
            _fault ??= fault;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Writer: closes the queue and returns all that will never be durable.</summary>
    public List<PendingWrite> Abort(List<PendingWrite> taken)
    {
        lock (_lock)
        {
            _isClosed = true;
            var all = new List<PendingWrite>(taken);
            for (; _waiting.Count > 0; _waiting.PopFront(1))
            {
                all.Add(_waiting[0]);
            }

            if (_move is not null)
            {
                all.Add(_move);
                _move = null;
            }

            taken.Clear();
            _bytes = 0;
            return all;
        }
    }

    private bool TakeMove_NeedsLock(List<PendingWrite> into)
    {
        _wasMove = _move is not null && (!_wasMove || _waiting.Count == 0);
        if (_wasMove)
        {
            _oldest = _move!.Timestamp;
            into.Add(_move);
            _move = null;
        }

        return _wasMove;
    }

    private void Take_NeedsLock(List<PendingWrite> into, int maxBatch)
    {
        _oldest = _waiting[0].Timestamp;
        var bytes = 0L;
        while (_waiting.Count > 0 && (into.Count == 0 || bytes + _waiting[0].RecordBytes <= maxBatch))
        {
            var write = _waiting[0];
            bytes += write.RecordBytes;
            into.Add(write);
            _waiting.PopFront(1);
        }

        _lastCount = into.Count;
    }

    /// <summary>
    /// Those who waited for the last sync batch write again soon: whoever is first would otherwise have an fsync of its own, and all others the next one.
    /// </summary>
    private void Gather_NeedsLock()
    {
        var seen = _waiting.Count;
        var start = Stopwatch.GetTimestamp();
        var arrived = start;
        while (_waiting.Count < _lastCount && !_isClosed && _fault is null
            && Stopwatch.GetElapsedTime(arrived) < GatherPatience && Stopwatch.GetElapsedTime(start) < GatherLimit)
        {
            Monitor.Exit(_lock);
            Thread.Yield();
            Monitor.Enter(_lock);
            if (_waiting.Count > seen)
            {
                seen = _waiting.Count;
                arrived = Stopwatch.GetTimestamp();
            }
        }
    }

    private void ThrowIfFaulted()
    {
        if (_fault is not null)
        {
            throw new IOException(_fault.Message, _fault);
        }
    }

    private void Return(PendingWrite write)
    {
        lock (_lock)
        {
            if (_pool.Count < MaxPooled)
            {
                _pool.Push(write);
            }
        }
    }
}
