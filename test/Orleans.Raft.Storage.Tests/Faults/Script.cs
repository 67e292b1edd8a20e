using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Tests.Faults;

/// <summary>One step of a history: a batch, an opening, or a mark of durability.</summary>
internal sealed record ScriptStep(string Text, RaftGroupId? Opens, IReadOnlyList<ScriptOperation> Operations, bool IsMark = false);

/// <summary>One operation of a batch, without the handle of any store.</summary>
internal sealed record ScriptOperation(RaftGroupId Group, Action<WriteBatch, GroupLog> Add);

/// <summary>
/// A history that meets everything the log does: appends small and large, overwritten suffixes, hard states alone, compactions, resets, removals,
/// births, batches over several groups. The same seed gives the same history.
/// </summary>
internal sealed class Script
{
    private readonly Random _random;
    private readonly Dictionary<RaftGroupId, Shape> _shapes = [];
    private readonly List<RaftGroupId> _groups;
    private int _next;

    private Script(int seed, int groups)
    {
        _random = new Random(seed);
        _groups = [.. Enumerable.Range(0, groups).Select(static i => new RaftGroupId("g", i))];
    }

    public static List<ScriptStep> Make(int seed, int steps, int groups = 4)
    {
        var script = new Script(seed, groups);
        return [.. Enumerable.Range(0, steps).Select(_ => script.Next())];
    }

    private ScriptStep Next()
    {
        var group = _groups[_random.Next(_groups.Count)];
        if (!_shapes.ContainsKey(group))
        {
            _shapes.Add(group, new Shape());
            return new ScriptStep($"open {group}", group, []);
        }

        if (_random.Next(15) == 0)
        {
            return new ScriptStep("mark", null, [], IsMark: true);
        }

        // The last group lags: it appends early and compacts never, so that its entries must be moved.
        List<ScriptOperation> operations = [];
        List<string> texts = [];
        for (var i = _random.Next(1, 4); i > 0; i--)
        {
            var other = _groups[_random.Next(_groups.Count)];
            if (_shapes.TryGetValue(other, out var shape))
            {
                Add(other, shape, operations, texts);
            }
        }

        return new ScriptStep(string.Join("; ", texts), null, operations);
    }

    private void Add(RaftGroupId group, Shape shape, List<ScriptOperation> operations, List<string> texts)
    {
        var isLagging = group == _groups[^1];
        var what = _random.Next(100);
        if (isLagging && (shape.Last > 20 || what >= 55))
        {
            what = 60;
        }

        switch (what)
        {
            case < 45:
                Append(group, shape, shape.Last + 1, operations, texts);
                break;
            case < 55:
                Append(group, shape, _random.NextInt64(shape.First, shape.Last + 2), operations, texts);
                break;
            case < 75:
                var state = new HardState(shape.Term, new ReplicaId(_random.Next(4)), shape.Last);
                operations.Add(new ScriptOperation(group, (batch, log) => batch.SetHardState(log, state)));
                texts.Add($"{group} {state}");
                break;
            case < 90:
                Compact(group, shape, operations, texts);
                break;
            case < 94:
                var position = new EntryId(shape.Term, shape.Last + _random.Next(1, 50));
                operations.Add(new ScriptOperation(group, (batch, log) => batch.ResetTo(log, position, ConfState.Of([new(1), new(position.Index)]))));
                texts.Add($"{group} reset {position}");
                shape.Reset(position);
                break;
            case < 98:
                var metadata = Bytes(_random.Next(60));
                operations.Add(new ScriptOperation(group, (batch, log) => batch.SetMetadata(log, metadata)));
                texts.Add($"{group} metadata");
                break;
            default:
                operations.Add(new ScriptOperation(group, static (batch, log) => batch.RemoveGroup(log, new ReplicaId(log.Owner))));
                texts.Add($"{group} removed");
                _shapes.Remove(group);
                break;
        }
    }

    private void Append(RaftGroupId group, Shape shape, long from, List<ScriptOperation> operations, List<string> texts)
    {
        shape.Term += _random.Next(3) == 0 || from <= shape.Last ? 1 : 0;
        var entries = new Entry[_random.Next(1, 5)];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = new Entry(shape.Term, from + i, (EntryType)_random.Next(3), Bytes(_random.Next(10) == 0 ? 5000 : _random.Next(900)));
        }

        shape.Append(entries);
        operations.Add(new ScriptOperation(group, (batch, log) => batch.Append(log, entries)));
        texts.Add($"{group} append {entries[0].Id}..{entries[^1].Id}");
    }

    private void Compact(RaftGroupId group, Shape shape, List<ScriptOperation> operations, List<string> texts)
    {
        if (shape.Last < shape.First)
        {
            return;
        }

        var position = shape.At(_random.NextInt64(shape.First, shape.Last + 1));
        operations.Add(new ScriptOperation(group, (batch, log) => batch.CompactTo(log, position)));
        texts.Add($"{group} compact {position}");
        shape.Compact(position);
    }

    private byte[] Bytes(int length)
    {
        // Each byte tells which write it is of.
        var bytes = new byte[length];
        new Random(++_next).NextBytes(bytes);
        return bytes;
    }

    private sealed class Shape
    {
        private readonly List<long> _terms = [];

        public long Term { get; set; } = 1;

        public long First { get; private set; } = 1;

        public long Last => First + _terms.Count - 1;

        public EntryId At(long index) => new(_terms[(int)(index - First)], index);

        public void Append(Entry[] entries)
        {
            _terms.RemoveRange((int)(entries[0].Index - First), (int)(Last + 1 - entries[0].Index));
            _terms.AddRange(entries.Select(static entry => entry.Term));
        }

        public void Compact(EntryId position)
        {
            _terms.RemoveRange(0, (int)(position.Index - First + 1));
            First = position.Index + 1;
        }

        public void Reset(EntryId position)
        {
            _terms.Clear();
            First = position.Index + 1;
        }
    }
}
