using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// A group's part of the log: where each live entry stands, the latest entries themselves, and the group's state. Changed by the writer thread
/// (by recovery before there is one), read from anywhere.
/// </summary>
internal sealed partial class WalGroup : ILogReader
{
    private readonly Lock _lock = new();
    private readonly RingDeque<LogSlot> _slots = new();

    // Payloads of the latest entries, aligned with the end of _slots. Never longer than _slots.
    private readonly RingDeque<ReadOnlyMemory<byte>> _recent = new();

    private EntryId _compacted;
    private HardState _hardState;
    private ConfState _confState = ConfState.Empty;

    public WalGroup(object home, uint number, RaftGroupId id, long generation)
    {
        Home = home;
        Number = number;
        Id = id;
        Generation = generation;
        Planned = new LogRange(1, 0);
    }

    /// <summary>The log that this is a part of.</summary>
    public object Home { get; }

    /// <summary>Name of the group in the log's records; unlike <see cref="Id"/> never used again after a removal.</summary>
    public uint Number { get; }

    /// <summary>Default for a group of which recovery has not met the name yet.</summary>
    public RaftGroupId Id { get; set; }

    public long Generation { get; set; }

    public ReadOnlyMemory<byte> Metadata { get; private set; }

    /// <summary>Writer only: the range as it will be when everything written so far is durable.</summary>
    public LogRange Planned { get; set; }

    /// <summary>Writer only: number of the latest opening.</summary>
    public long Owner { get; set; }

    /// <summary>Writer only: the group is removed, or will be when everything written so far is durable.</summary>
    public bool IsGone => Planned.IsRemoved;

    public long FirstIndex
    {
        get
        {
            lock (_lock)
            {
                return First;
            }
        }
    }

    public long LastIndex
    {
        get
        {
            lock (_lock)
            {
                return Last;
            }
        }
    }

    public InitialState InitialState
    {
        get
        {
            lock (_lock)
            {
                return new InitialState(_hardState, _confState);
            }
        }
    }

    /// <summary>Position that the log continues after.</summary>
    public EntryId Compacted
    {
        get
        {
            lock (_lock)
            {
                return _compacted;
            }
        }
    }

    private long First => _compacted.Index + 1;

    private long Last => _compacted.Index + _slots.Count;

    public bool TryGetTerm(long index, out long term)
    {
        lock (_lock)
        {
            if (index == _compacted.Index)
            {
                term = _compacted.Term;
                return true;
            }

            var known = index >= First && index <= Last;
            term = known ? _slots[(int)(index - First)].Term : 0;
            return known;
        }
    }

    public bool TryGetSnapshot(out Snapshot snapshot)
    {
        // Snapshots are the state machine's; hosting puts a reader in front that makes them.
        snapshot = null!;
        return false;
    }

    /// <summary>Where an entry stands, or false if it is not live.</summary>
    public bool TryGetSlot(long index, out LogSlot slot)
    {
        lock (_lock)
        {
            var known = index >= First && index <= Last;
            slot = known ? _slots[(int)(index - First)] : default;
            return known;
        }
    }

    /// <summary>Lists the indexes of the entries that stand in a segment.</summary>
    public void FindEntriesIn(Segment segment, List<long> into)
    {
        lock (_lock)
        {
            for (var i = 0; i < _slots.Count; i++)
            {
                if (_slots[i].Segment == segment)
                {
                    into.Add(First + i);
                }
            }
        }
    }

    public override string ToString() =>
        $"{Id} number {Number} generation {Generation} log {First}..{Last} after {_compacted} {_hardState}";
}
