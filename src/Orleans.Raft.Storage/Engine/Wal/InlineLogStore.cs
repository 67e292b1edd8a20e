using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// The same log without threads and clock, for simulations: each write is durable, and maintenance is done, when the call returns, so that one sequence of
/// calls is one sequence of disk operations.
/// </summary>
internal sealed class InlineLogStore : ILogStore
{
    private readonly WalLog _log;
    private readonly IDisposable _directoryLock;
    private readonly SegmentMover _mover;
    private readonly List<PendingWrite> _one = [];
    private readonly string? _cutTail;
    private bool _isMaintenanceNeeded;
    private LogStoreException? _failure;

    public InlineLogStore(IFileSystem files, LogStoreSettings settings, RaftEngineOptions options)
    {
        options.Validate();
        var opener = new WalOpener(files, settings.Directory, options);
        (_log, _directoryLock) = opener.Open(settings.ServiceId, settings.SiloName);
        _cutTail = opener.CutTail;
        _mover = new SegmentMover(_log, Move);
        _log.Segments.MaintenanceNeeded += () => _isMaintenanceNeeded = true;
    }

    public event Action<LogStoreException>? Failed;

    public StoreIdentity Identity => _log.Identity;

    public IReadOnlyCollection<RaftGroupId> Groups => _log.Groups;

    public bool IsFull => false;

    public ValueTask<GroupLog> OpenAsync(RaftGroupId group, CancellationToken cancellationToken)
    {
        var write = new PendingWrite(static _ => { }) { Group = group, RecordBytes = RecordHeader.Size + RecordPayload.SizeOf(group) };
        Commit(write);
        return new ValueTask<GroupLog>(write.Opened!);
    }

    public ValueTask WriteAsync(WriteBatch batch)
    {
        var bytes = RecordSizes.Of(batch);
        if (RecordSizes.Check(batch, bytes) is { } refusal)
        {
            return ValueTask.FromException(refusal);
        }

        var write = new PendingWrite(static _ => { }) { Batch = batch, RecordBytes = (int)bytes };
        try
        {
            Commit(write);
        }
        catch (LogStoreException failure)
        {
            return ValueTask.FromException(failure);
        }

        return write.Refusal is null ? ValueTask.CompletedTask : ValueTask.FromException(write.Refusal);
    }

    /// <summary>Writes that everything before is durable, as the threaded store does after some idleness.</summary>
    public void Mark() => Run(() => _log.Mark(closing: false));

    public IReadOnlyCollection<ReplicaId> GetRemovedReplicas(RaftGroupId group) => _log.GetRemovedReplicas(group);

    public long NewGeneration() => _log.NewGeneration();

    public LogStoreStatus GetStatus()
    {
        var figures = _log.Segments.GetFigures();
        return new LogStoreStatus
        {
            Failure = _failure,
            LastSequence = _log.Sequence,
            CutTail = _cutTail,
            SegmentCount = figures.SegmentCount,
            TotalBytes = figures.TotalBytes,
            LiveBytes = figures.LiveBytes,
        };
    }

    public ValueTask DisposeAsync()
    {
        if (_failure is null)
        {
            Run(() => _log.Mark(closing: true));
        }

        Abandon();
        return ValueTask.CompletedTask;
    }

    /// <summary>Lets go of files and lock without a closing mark, as a killed process does.</summary>
    public void Abandon()
    {
        _log.Dispose();
        _directoryLock.Dispose();
    }

    private bool Move(MoveRequest move)
    {
        _one.Clear();
        _one.Add(new PendingWrite(static _ => { }) { Move = move, RecordBytes = move.Bytes });
        _log.Commit(_one);
        return true;
    }

    private void Commit(PendingWrite write) => Run(() =>
    {
        _one.Clear();
        _one.Add(write);
        _log.Commit(_one);
    });

    private void Run(Action work)
    {
        if (_failure is not null)
        {
            throw _failure;
        }

        try
        {
            work();
            while (_isMaintenanceNeeded)
            {
                _isMaintenanceNeeded = false;
                _log.Segments.Maintain();
                _isMaintenanceNeeded |= _mover.TryEmptyOldest();
            }
        }
        catch (Exception e)
        {
            _failure = new LogStoreException($"The log of store {Identity} stopped after batch {_log.Sequence}: {e.Message}", e);
            Failed?.Invoke(_failure);
            throw _failure;
        }
    }
}
