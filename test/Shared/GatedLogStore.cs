using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Shared;

/// <summary>A store in memory whose disk can be made to hang: writes are taken and nothing more happens to them until it is let go.</summary>
internal sealed class GatedLogStore(MemoryLogStore inner) : ILogStore
{
    private readonly Lock _gate = new();
    private readonly Queue<(WriteBatch Batch, TaskCompletionSource Done)> _held = new();
    private bool _isHanging;
    private TimeSpan _age;

    public event Action<LogStoreException>? Failed
    {
        add => inner.Failed += value;
        remove => inner.Failed -= value;
    }

    public StoreIdentity Identity => inner.Identity;

    public IReadOnlyCollection<RaftGroupId> Groups => inner.Groups;

    /// <summary>More is queued than the bound, as far as whoever asks is told.</summary>
    public bool IsFull { get; set; }

    /// <summary>Writes that wait.</summary>
    public int HeldCount
    {
        get
        {
            lock (_gate)
            {
                return _held.Count;
            }
        }
    }

    /// <summary>The disk hangs from now on. Says how old the writes that wait are, whenever somebody asks.</summary>
    public void Hang(TimeSpan age = default)
    {
        lock (_gate)
        {
            _isHanging = true;
            _age = age;
        }
    }

    /// <summary>The disk goes on.</summary>
    public void LetGo()
    {
        lock (_gate)
        {
            _isHanging = false;
            while (_held.TryDequeue(out var write))
            {
                Finish(inner.WriteAsync(write.Batch), write.Done);
            }
        }
    }

    /// <summary>The disk fails, and with it every write that waits.</summary>
    public void Fail(string reason)
    {
        inner.Fail(reason);
        LetGo();
    }

    public ValueTask<GroupLog> OpenAsync(RaftGroupId group, CancellationToken cancellationToken) => inner.OpenAsync(group, cancellationToken);

    public ValueTask WriteAsync(WriteBatch batch)
    {
        lock (_gate)
        {
            if (!_isHanging)
            {
                return inner.WriteAsync(batch);
            }

            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _held.Enqueue((batch, done));
            return new ValueTask(done.Task);
        }
    }

    public IReadOnlyCollection<ReplicaId> GetRemovedReplicas(RaftGroupId group) => inner.GetRemovedReplicas(group);

    public long NewGeneration() => inner.NewGeneration();

    public LogStoreStatus GetStatus()
    {
        lock (_gate)
        {
            return inner.GetStatus() with { OldestPendingAge = _held.Count > 0 ? _age : TimeSpan.Zero };
        }
    }

    public ValueTask DisposeAsync()
    {
        LetGo();
        return inner.DisposeAsync();
    }

    // The store in memory ends every write within the call.
    private static void Finish(ValueTask write, TaskCompletionSource done)
    {
        if (write.IsCompletedSuccessfully)
        {
            done.SetResult();
        }
        else
        {
            done.SetException(write.AsTask().Exception!.InnerException!);
        }
    }
}
