using System.Threading.Tasks.Sources;

namespace Orleans.Raft.Storage.Engine;

/// <summary>A write in the queue and the task of whoever waits for it. Pooled: a write allocates nothing.</summary>
internal sealed class PendingWrite : IValueTaskSource, IValueTaskSource<GroupLog>
{
    private readonly Action<PendingWrite> _recycle;

    // Asynchronous continuations: whoever waits never runs on the writer thread.
    private ManualResetValueTaskSourceCore<GroupLog?> _completion = new() { RunContinuationsAsynchronously = true };

    public PendingWrite(Action<PendingWrite> recycle) => _recycle = recycle;

    /// <summary>What to write, or null for an opening or a move.</summary>
    public WriteBatch? Batch { get; set; }

    /// <summary>Group to open.</summary>
    public RaftGroupId Group { get; set; }

    /// <summary>Live entries to copy out of an old segment.</summary>
    public MoveRequest? Move { get; set; }

    /// <summary>Bytes of records that the write takes.</summary>
    public int RecordBytes { get; set; }

    /// <summary>When it was queued.</summary>
    public long Timestamp { get; set; }

    /// <summary>Writer only: where its records begin in the sync batch.</summary>
    public int BodyOffset { get; set; }

    /// <summary>Writer only: where its groups begin in the list of the sync batch's groups.</summary>
    public int FirstTarget { get; set; }

    /// <summary>Writer only: why it was refused, or null.</summary>
    public Exception? Refusal { get; set; }

    /// <summary>Writer only: the group that an opening found or made.</summary>
    public WalGroup? OpenedGroup { get; set; }

    /// <summary>Writer only: the owner number that an opening gave.</summary>
    public long OpenedOwner { get; set; }

    /// <summary>Writer only: what an opening returns.</summary>
    public GroupLog? Opened { get; set; }

    public ValueTask Task => new(this, _completion.Version);

    public ValueTask<GroupLog> OpenTask => new(this, _completion.Version);

    public void Complete()
    {
        if (Refusal is not null)
        {
            _completion.SetException(Refusal);
        }
        else
        {
            _completion.SetResult(Opened);
        }
    }

    public void Fail(Exception failure) => _completion.SetException(failure);

    GroupLog IValueTaskSource<GroupLog>.GetResult(short token) => Finish(token)!;

    void IValueTaskSource.GetResult(short token) => Finish(token);

    public ValueTaskSourceStatus GetStatus(short token) => _completion.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);

    private GroupLog? Finish(short token)
    {
        try
        {
            return _completion.GetResult(token);
        }
        finally
        {
            _completion.Reset();
            Batch = null;
            Group = default;
            Move = null;
            Refusal = null;
            Opened = null;
            OpenedGroup = null;
            _recycle(this);
        }
    }
}
