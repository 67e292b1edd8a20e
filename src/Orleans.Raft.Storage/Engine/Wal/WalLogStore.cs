using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// The durable log of a silo: a queue in front of a <see cref="WalLog"/> and one thread that empties it, everything that is pending with one
/// write and one fsync. Any failure of the disk stops it for good.
/// </summary>
internal sealed partial class WalLogStore : ILogStore
{
    private readonly WalLog _log;
    private readonly IDisposable _directoryLock;
    private readonly RaftEngineOptions _options;
    private readonly TimeProvider _time;
    private readonly string? _cutTail;
    private readonly int _maxBatchBytes;
    private readonly WriteQueue _queue;
    private readonly Thread _writer;
    private readonly Thread _keeper;
    private readonly SegmentMover _mover;

    // Writer only: what it took from the queue, and whether everything before is marked as durable.
    private readonly List<PendingWrite> _gathered = [];
    private bool _isMarked = true;

    private readonly AutoResetEvent _wakeKeeper = new(initialState: true);
    private volatile bool _isStopping;

    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private LogStoreException? _failure;

    private WalLogStore(WalLog log, IDisposable directoryLock, RaftEngineOptions options, TimeProvider time, string? cutTail)
    {
        _log = log;
        _directoryLock = directoryLock;
        _options = options;
        _time = time;
        _cutTail = cutTail;
        _queue = new WriteQueue(options.MaxQueuedBytes, time, log.Segments.ChunkBytes);
        // What doesn't fit a segment's end leaves it unused, so sync batches are small beside segments.
        _maxBatchBytes = (int)Math.Min(options.MaxBatchBytes, options.SegmentBytes / 4);
        _writer = new Thread(Write) { IsBackground = true, Name = "raft-log-writer" };
        _keeper = new Thread(Keep) { IsBackground = true, Name = "raft-log-keeper" };
        _mover = new SegmentMover(log, Move);
        log.Segments.MaintenanceNeeded += () => _wakeKeeper.Set();
    }

    public event Action<LogStoreException>? Failed;

    public StoreIdentity Identity => _log.Identity;

    public IReadOnlyCollection<RaftGroupId> Groups => _log.Groups;

    public bool IsFull => _queue.IsFull;

    /// <summary>How long closing waits for the disk.</summary>
    internal TimeSpan ClosePatience { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Opens a directory; recovery runs on the caller's thread.</summary>
    public static WalLogStore Open(IFileSystem files, LogStoreSettings settings, RaftEngineOptions options, TimeProvider time)
    {
        options.Validate();
        var opener = new WalOpener(files, settings.Directory, options);
        var (log, directoryLock) = opener.Open(settings.ServiceId, settings.SiloName);
        // What recovery found is told to everybody from now on, so a mark follows as after any write.
        var store = new WalLogStore(log, directoryLock, options, time, opener.CutTail) { _isMarked = opener.IsMarked };
        // The keeper first: a writer that fails at once waits for it to end.
        store._keeper.Start();
        store._writer.Start();
        return store;
    }

    public ValueTask<GroupLog> OpenAsync(RaftGroupId group, CancellationToken cancellationToken)
    {
        if (group.IsDefault)
        {
            throw new ArgumentException("A default group id names no group.", nameof(group));
        }

        cancellationToken.ThrowIfCancellationRequested();
        var write = _queue.Rent();
        write.Group = group;
        write.RecordBytes = RecordHeader.Size + RecordPayload.SizeOf(group);
        var task = write.OpenTask;
        return _queue.TryAdd(write) ? task : ValueTask.FromException<GroupLog>(Failure());
    }

    public ValueTask WriteAsync(WriteBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var bytes = RecordSizes.Of(batch);
        if (RecordSizes.Check(batch, bytes) is { } refusal)
        {
            return ValueTask.FromException(refusal);
        }

        var write = _queue.Rent();
        write.Batch = batch;
        write.RecordBytes = (int)bytes;
        var task = write.Task;
        return _queue.TryAdd(write) ? task : ValueTask.FromException(Failure());
    }

    public IReadOnlyCollection<ReplicaId> GetRemovedReplicas(RaftGroupId group) => _log.GetRemovedReplicas(group);

    public long NewGeneration() => _log.NewGeneration();

    public LogStoreStatus GetStatus()
    {
        var figures = _log.Segments.GetFigures();
        return new LogStoreStatus
        {
            Failure = Volatile.Read(ref _failure),
            OldestPendingAge = _queue.OldestAge,
            QueuedBytes = _queue.Bytes,
            LastSequence = _log.Sequence,
            CutTail = _cutTail,
            SegmentCount = figures.SegmentCount,
            TotalBytes = figures.TotalBytes,
            LiveBytes = figures.LiveBytes,
        };
    }

    /// <summary>Writes what is queued and a closing mark, then lets the directory go. A disk that hangs keeps nobody longer than <see cref="ClosePatience"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Close();
        try
        {
            await _stopped.Task.WaitAsync(ClosePatience).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            // The writer thread is inside a call that does not return. What it has not taken yet will never be written; what it has is unknown.
            var failure = new LogStoreException(
                $"The log of store {Identity} could not be closed within {ClosePatience}: the disk does not answer after batch {_log.Sequence}. "
                + "The directory stays locked until the process ends.",
                e);
            Interlocked.CompareExchange(ref _failure, failure, null);
            foreach (var write in _queue.Abort([]))
            {
                write.Fail(failure);
            }

            throw failure;
        }
    }

    private LogStoreException Failure() =>
        Volatile.Read(ref _failure) ?? new LogStoreException($"The log of store {Identity} is closed; nothing was written.");
}
