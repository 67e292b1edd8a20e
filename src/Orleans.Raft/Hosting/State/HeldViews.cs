namespace Orleans.Raft.Hosting;

/// <summary>
/// Views of one replica's rows that stay open from one query to the next, so that a state larger than an answer can be read as of one index. One that nobody has used for a
/// while is closed: whoever asked for it may be gone.
/// </summary>
internal sealed class HeldViews(IStateStore store, TimeProvider time)
{
    /// <summary>Views of a replica at once; each keeps the store from giving back what is overwritten meanwhile.</summary>
    public const int MaxViews = 8;

    /// <summary>A view that was not used for so long is closed.</summary>
    public static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, HeldView> _views = [];
    private int _reserved;
    private bool _isStopped;
    private ITimer? _timer;

    /// <summary>Raised when the last view is closed, with the period that ends so.</summary>
    public event Action<long>? Emptied;

    /// <summary>Counts the times from a first view to the end of the last one.</summary>
    public long Period { get; private set; }

    /// <summary>Whether a view that is open, or about to be, may show what was written at an index.</summary>
    public bool Show(long index)
    {
        lock (_gate)
        {
            return _reserved > 0 || _views.Values.Any(view => index <= view.Index);
        }
    }

    /// <summary>Announces a view; end it with <see cref="Release"/>, whether the view was opened or not.</summary>
    public void Reserve()
    {
        lock (_gate)
        {
            if (_reserved + _views.Count == 0)
            {
                Period++;
            }

            _reserved++;
        }
    }

    /// <summary>Ends an announcement.</summary>
    public void Release()
    {
        lock (_gate)
        {
            _reserved--;
        }

        TellIfEmpty();
    }

    /// <summary>Opens a view of a generation as it is now.</summary>
    /// <exception cref="StateElsewhereException">There are too many, or the replica stops.</exception>
    public HeldView Open(long generation)
    {
        lock (_gate)
        {
            if (_isStopped || _views.Count >= MaxViews)
            {
                throw new StateElsewhereException(_isStopped ? "the replica stops" : $"{_views.Count} views are open; the limit is {MaxViews}");
            }

            if (_reserved + _views.Count == 0)
            {
                Period++;
            }

            var view = new HeldView(Guid.NewGuid(), store.OpenView(generation), time);
            _views.Add(view.Id, view);
            _timer ??= time.CreateTimer(static views => ((HeldViews)views!).CloseIdle(), this, IdleLimit, IdleLimit / 4);
            return view;
        }
    }

    /// <summary>An open view.</summary>
    /// <exception cref="StateElsewhereException">There is none of that id; no other replica has it either.</exception>
    public HeldView Find(Guid id)
    {
        lock (_gate)
        {
            return _views.TryGetValue(id, out var view) ? view : throw new StateElsewhereException($"view {id} is not open any more");
        }
    }

    /// <summary>Closes a view, if it is open.</summary>
    public void Close(Guid id) => Close(view => view.Id == id);

    /// <summary>Closes all views.</summary>
    public void CloseAll() => Close(static _ => true);

    /// <summary>Closes all views, and opens none any more.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _isStopped = true;
        }

        Emptied = null;
        CloseAll();
    }

    private void CloseIdle() => Close(static view => view.IdleFor >= IdleLimit);

    private void Close(Func<HeldView, bool> which)
    {
        lock (_gate)
        {
            foreach (var view in _views.Values.Where(which).ToArray())
            {
                _views.Remove(view.Id);
                view.Dispose();
            }

            if (_views.Count == 0)
            {
                _timer?.Dispose();
                _timer = null;
            }
        }

        TellIfEmpty();
    }

    private void TellIfEmpty()
    {
        long period;
        lock (_gate)
        {
            if (_reserved + _views.Count > 0)
            {
                return;
            }

            period = Period;
        }

        Emptied?.Invoke(period);
    }
}

/// <summary>One held view; used by one query at a time.</summary>
internal sealed class HeldView(Guid id, IStateView view, TimeProvider time) : IDisposable
{
    private readonly Lock _gate = new();
    private long _usedAt = time.GetTimestamp();
    private bool _isClosed;

    /// <summary>Names it.</summary>
    public Guid Id { get; } = id;

    /// <summary>Up to which entry it shows everything, and nothing beyond.</summary>
    public long Index { get; } = view.Applied.Position.Index;

    /// <summary>Since its last use.</summary>
    public TimeSpan IdleFor => time.GetElapsedTime(Volatile.Read(ref _usedAt));

    /// <summary>Reads user rows from a key on for as long as they are wanted.</summary>
    /// <exception cref="StateElsewhereException">It was closed meanwhile.</exception>
    public void Scan(ReadOnlyMemory<byte> from, Func<StateRow, bool> wantsMore)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                throw new StateElsewhereException($"view {Id} is not open any more");
            }

            Volatile.Write(ref _usedAt, time.GetTimestamp());
            foreach (var row in GenerationRows.Scan(view, from))
            {
                if (!wantsMore(row))
                {
                    break;
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _isClosed = true;
            view.Dispose();
        }
    }
}
