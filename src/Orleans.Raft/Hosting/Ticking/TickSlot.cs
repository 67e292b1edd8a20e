namespace Orleans.Raft.Hosting;

/// <summary>
/// The groups of a silo that tick at one part of the interval. Only those are looked at that need ticks: to walk over thousands that sleep, ten times a second,
/// would cost more than all else that they cost.
/// </summary>
internal sealed class TickSlot
{
    private readonly Lock _gate = new();

    // Whose need is new since the last tick. Filled by any thread.
    private readonly List<GroupRuntime> _arrived = [];

    // Whom the ticker looks at; its own.
    private readonly List<GroupRuntime> _ticked = [];
    private int _memberCount;

    /// <summary>Groups that belong here, asleep or not.</summary>
    public int MemberCount => Volatile.Read(ref _memberCount);

    /// <summary>Groups that are ticked, roughly.</summary>
    public int TickedCount
    {
        get
        {
            lock (_gate)
            {
                return _arrived.Count + _ticked.Count;
            }
        }
    }

    /// <summary>Takes a group in for good. It is ticked until it needs no ticks.</summary>
    public void Add(GroupRuntime group)
    {
        Interlocked.Increment(ref _memberCount);
        group.Join(this);
    }

    /// <summary>A group of this slot needs ticks from now on.</summary>
    public void Wake(GroupRuntime group)
    {
        lock (_gate)
        {
            _arrived.Add(group);
        }
    }

    /// <summary>One tick of those that need it. Called by one thread at a time.</summary>
    public void Tick()
    {
        lock (_gate)
        {
            _ticked.AddRange(_arrived);
            _arrived.Clear();
        }

        var kept = 0;
        for (var i = 0; i < _ticked.Count; i++)
        {
            if (_ticked[i].Tick())
            {
                _ticked[kept++] = _ticked[i];
            }
        }

        lock (_gate)
        {
            _ticked.RemoveRange(kept, _ticked.Count - kept);
        }
    }
}
