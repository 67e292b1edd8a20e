using System.Buffers.Binary;
using Orleans.Raft.Core;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Kills;

/// <summary>
/// What one group writes, operation by operation: the same seed gives the same history, so whoever knows how many operations are on the disk knows every byte that
/// must be there. Entries above the commit index are overwritten now and then; the lagging group compacts never.
/// </summary>
internal sealed class GroupHistory
{
    private const int Keys = 50;
    private readonly Random _random;
    private readonly int _seed;
    private readonly int _group;
    private readonly bool _isLagging;
    private readonly List<long> _terms = [0];
    private long _term = 1;

    public GroupHistory(int seed, int group)
    {
        _seed = seed;
        _group = group;
        _random = new Random(Mix(seed, group));
        _isLagging = group == 0;
    }

    /// <summary>Operations so far.</summary>
    public long Count { get; private set; }

    public HardState HardState { get; private set; }

    /// <summary>Position that the log continues after.</summary>
    public EntryId Compacted { get; private set; }

    public long Last => _terms.Count - 1;

    /// <summary>Makes the next operation and returns what it writes.</summary>
    public Operation Next()
    {
        Count++;
        var entries = _isLagging && Last >= 30 ? [] : Append();
        var commit = _random.Next(4) == 0 ? _random.NextInt64(HardState.Commit, Last + 1) : HardState.Commit;
        HardState = new HardState(_term, new ReplicaId(_random.Next(4)), commit);
        var compacts = Count % 25 == 0 && !_isLagging && commit - 10 > Compacted.Index;
        if (compacts)
        {
            Compacted = new EntryId(_terms[(int)commit - 10], commit - 10);
        }

        return new Operation(entries, HardState, compacts ? Compacted : default, Metadata(Count));
    }

    /// <summary>The entry at an index, as of the operations so far.</summary>
    public Entry At(long index) => Make(_terms[(int)index], index);

    /// <summary>Compares a log with the operations so far: hard state, range, compaction point, and every entry.</summary>
    public void CheckLog(ILogReader reader, string where)
    {
        Assert.True(reader.InitialState.HardState == HardState, $"{where}: expected {HardState}, found {reader.InitialState.HardState}");
        Assert.True(
            reader.FirstIndex == Compacted.Index + 1 && reader.LastIndex == Last,
            $"{where}: expected {Compacted.Index + 1}..{Last}, found {reader.FirstIndex}..{reader.LastIndex}");
        Assert.True(reader.TryGetTerm(Compacted.Index, out var term) && term == Compacted.Term, $"{where}: term {term} at {Compacted}");
        foreach (var entry in Conformance.LogText.Read(reader))
        {
            var expected = At(entry.Index);
            Assert.True(
                entry.Id == expected.Id && entry.Type == expected.Type && entry.Data.Span.SequenceEqual(expected.Data.Span), $"{where}: entry {entry.Id} is not {expected.Id}");
        }
    }

    /// <summary>The row that applying an entry changes.</summary>
    public static (byte[] Key, byte[] Value) Row(Entry entry)
    {
        var value = new byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(value, entry.Index);
        BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(8), Engine.Crc32C.Of(entry.Data.Span));
        return ([(byte)(entry.Index % Keys)], value);
    }

    /// <summary>All rows once the entries up to an index are applied.</summary>
    public string RowsAt(long applied)
    {
        var rows = Enumerable.Range(0, (int)Math.Min(applied, Keys)).Select(i => Row(At(applied - i))).OrderBy(static row => row.Key[0]);
        return Print(rows.Select(static row => new StateRow(row.Key, row.Value)));
    }

    public static string Print(IEnumerable<StateRow> rows) =>
        string.Join(' ', rows.Select(static row => $"{Convert.ToHexString(row.Key)}={Convert.ToHexString(row.Value)}"));

    public static byte[] Metadata(long count)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, count);
        return bytes;
    }

    private static int Mix(int seed, int group) => unchecked((seed * 397) ^ (group * 7919) ^ 17);

    private List<Entry> Append()
    {
        var from = Last + 1;
        if (_random.Next(6) == 0 && Last > HardState.Commit)
        {
            // A new leader overwrites what was not committed.
            from = _random.NextInt64(HardState.Commit + 1, Last + 1);
            _term++;
        }

        _terms.RemoveRange((int)from, (int)(Last + 1 - from));
        List<Entry> entries = [];
        for (var i = _random.Next(1, 5); i > 0; i--)
        {
            _terms.Add(_term);
            entries.Add(At(Last));
        }

        return entries;
    }

    private Entry Make(long term, long index)
    {
        var random = new Random(unchecked((int)((term * 1_000_003) + (index * 31) + Mix(_seed, _group))));
        var data = new byte[random.Next(20) == 0 ? 9_000 : random.Next(600)];
        random.NextBytes(data);
        return new Entry(term, index, (EntryType)random.Next(2), data);
    }

    /// <summary>What one operation writes, in one batch.</summary>
    internal sealed record Operation(List<Entry> Entries, HardState HardState, EntryId Compact, byte[] Metadata);
}
