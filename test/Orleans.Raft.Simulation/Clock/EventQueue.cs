namespace Orleans.Raft.Simulation;

/// <summary>What happens at an event.</summary>
internal enum EventKind
{
    Tick,
    Deliver,
    DiskDone,
    ApplyDone,
    Restart,
    Resume,
    LaneReport,
    Fault,
    Client,
    Admin,
}

/// <summary>Something that will happen to one replica (0: to the cluster), unless that replica's life has ended by then.</summary>
internal readonly record struct SimEvent(long At, long Sequence, EventKind Kind, int Replica, int Life, object? Payload);

/// <summary>Binary heap by virtual time in microseconds; events of the same instant come out in the order they were put in.</summary>
internal sealed class EventQueue
{
    private SimEvent[] _heap = new SimEvent[256];
    private int _count;
    private long _sequence;

    public long Now { get; private set; }

    public int Count => _count;

    public void Add(long at, EventKind kind, int replica, int life, object? payload = null)
    {
        if (_count == _heap.Length)
        {
            Array.Resize(ref _heap, _count * 2);
        }

        var added = new SimEvent(Math.Max(at, Now), _sequence++, kind, replica, life, payload);
        var hole = _count++;
        while (hole > 0)
        {
            var parent = (hole - 1) / 2;
            if (!Before(added, _heap[parent]))
            {
                break;
            }

            _heap[hole] = _heap[parent];
            hole = parent;
        }

        _heap[hole] = added;
    }

    public SimEvent Take()
    {
        var taken = _heap[0];
        var last = _heap[--_count];
        _heap[_count] = default;
        var hole = 0;
        while (true)
        {
            var child = (hole * 2) + 1;
            if (child >= _count)
            {
                break;
            }

            if (child + 1 < _count && Before(_heap[child + 1], _heap[child]))
            {
                child++;
            }

            if (!Before(_heap[child], last))
            {
                break;
            }

            _heap[hole] = _heap[child];
            hole = child;
        }

        if (_count > 0)
        {
            _heap[hole] = last;
        }

        Now = taken.At;
        return taken;
    }

    private static bool Before(in SimEvent left, in SimEvent right) =>
        left.At != right.At ? left.At < right.At : left.Sequence < right.Sequence;
}
