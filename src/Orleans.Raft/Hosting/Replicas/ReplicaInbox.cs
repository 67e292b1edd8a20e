namespace Orleans.Raft.Hosting;

/// <summary>
/// What is posted to a replica and not yet worked off: many threads put in, one takes out. A queue under a lock, not a concurrent one: that keeps
/// thirty-two places ready, seven kilobytes for each of a thousand replicas that sleep.
/// </summary>
internal sealed class ReplicaInbox
{
    private readonly Lock _gate = new();
    private Queue<ReplicaWork> _work = new();
    private volatile int _count;

    /// <summary>True when nothing waits.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>How much waits.</summary>
    public int Count => _count;

    /// <summary>Puts something in.</summary>
    public void Enqueue(in ReplicaWork work)
    {
        lock (_gate)
        {
            _work.Enqueue(work);
            _count = _work.Count;
        }
    }

    /// <summary>Takes the oldest out.</summary>
    public bool TryDequeue(out ReplicaWork work)
    {
        lock (_gate)
        {
            var isThere = _work.TryDequeue(out work);
            _count = _work.Count;
            return isThere;
        }
    }

    /// <summary>Gives memory back that a busy time needed.</summary>
    public void Shrink()
    {
        lock (_gate)
        {
            if (_work.Count == 0)
            {
                _work = new();
            }
        }
    }
}
