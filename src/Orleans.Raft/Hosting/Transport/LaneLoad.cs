namespace Orleans.Raft.Hosting;

/// <summary>
/// The load that waits for a lane, by group. Groups take turns by bytes, and a group may hold as much of the window as is still free: so one group
/// with large entries takes half of it at most, and there is always room for another one's first frame (SAFETY-RULES B5). Used under the lane's lock.
/// </summary>
internal sealed class LaneLoad(long windowBytes)
{
    /// <summary>Bytes that a group may send before it is the next one's turn.</summary>
    private const int TurnBytes = 64 * 1024;

    private readonly Dictionary<(string Name, int Index), GroupLoad> _groups = [];

    // Groups with something waiting; the first one's turn it is.
    private readonly Queue<GroupLoad> _turns = new();

    // Emptied groups, to be used again: a group comes and goes with each of its messages.
    private readonly Stack<GroupLoad> _spare = new();
    private int _count;
    private long _waitingBytes;
    private long _sentBytes;

    /// <summary>Frames that wait.</summary>
    public int Count => _count;

    /// <summary>Bytes that wait or are on their way. Never more than the window and one frame.</summary>
    public long Bytes => _waitingBytes + _sentBytes;

    /// <summary>Bytes that are on their way.</summary>
    public long SentBytes => _sentBytes;

    /// <summary>Takes a frame in. False when there is no room for this group.</summary>
    public bool TryAdd(in LaneFrame frame)
    {
        var key = (frame.Item.GroupName, frame.Item.GroupIndex);
        if (!_groups.TryGetValue(key, out var group))
        {
            // Its first one passes whatever its size, else a large one would never pass.
            if (Bytes > windowBytes)
            {
                return false;
            }

            group = _spare.TryPop(out var spare) ? spare : new GroupLoad();
            group.Key = key;
            _groups.Add(key, group);
            _turns.Enqueue(group);
        }
        else if (group.Bytes + frame.Size > windowBytes - Bytes)
        {
            return false;
        }

        group.Frames.Enqueue(frame);
        group.Bytes += frame.Size;
        _waitingBytes += frame.Size;
        _count++;
        return true;
    }

    /// <summary>Takes the next frame out, which counts as being on its way from now on. False when it is larger than the room, or none is there.</summary>
    /// <param name="room">Bytes it may have.</param>
    /// <param name="frame">The frame.</param>
    public bool TryTake(long room, out LaneFrame frame)
    {
        while (_turns.TryPeek(out var group))
        {
            frame = group.Frames.Peek();
            if (frame.Size > group.Credit)
            {
                group.Credit += TurnBytes;
                _turns.Enqueue(_turns.Dequeue());
                continue;
            }

            if (frame.Size > room)
            {
                return false;
            }

            group.Frames.Dequeue();
            group.Credit -= frame.Size;
            group.Bytes -= frame.Size;
            _waitingBytes -= frame.Size;
            _sentBytes += frame.Size;
            _count--;
            if (group.Frames.Count == 0)
            {
                _turns.Dequeue();
                _groups.Remove(group.Key);
                group.Credit = 0;
                _spare.Push(group);
            }

            return true;
        }

        frame = default;
        return false;
    }

    /// <summary>What was on its way has arrived, or counts as lost.</summary>
    public void Release(long bytes) => _sentBytes -= bytes;

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _groups.Clear();
        _turns.Clear();
        _count = 0;
        _waitingBytes = 0;
        _sentBytes = 0;
    }

    private sealed class GroupLoad
    {
        public Queue<LaneFrame> Frames { get; } = new();

        public (string Name, int Index) Key { get; set; }

        public long Bytes { get; set; }

        /// <summary>Bytes it may still send in this turn.</summary>
        public long Credit { get; set; }
    }
}
