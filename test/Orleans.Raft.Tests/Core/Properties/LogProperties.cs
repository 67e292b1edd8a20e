using CsCheck;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Core.Properties;

/// <summary>The log with its unstable tail and a slow disk, against one plain list.</summary>
public sealed class LogProperties
{
    [Fact]
    public void The_log_reads_as_a_plain_list_whatever_is_durable_truncated_compacted_or_restored() =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 20], Gen.Int[0, 20]).Array[1, 80].Sample(steps =>
        {
            var machine = new Machine();
            foreach (var (step, first, second) in steps)
            {
                machine.Do(step, first, second);
                machine.Check(first, second);
            }
        }, iter: 2000);

    /// <summary>A log, a disk that writes later, and the list that both together must be.</summary>
    private sealed class Machine
    {
        private readonly MemoryLogStorage _storage = new();
        private readonly Queue<Write> _writes = new();
        private readonly List<Entry> _model = [];
        private readonly RaftLog _log;
        private EntryId _before;
        private long _term = 1;
        private long _committed;
        private long _applied;
        private int _number;

        public Machine() => _log = new RaftLog(_storage, long.MaxValue);

        private long Last => _before.Index + _model.Count;

        public void Do(int step, int first, int second)
        {
            switch (step)
            {
                case 0 or 1:
                    Append(1 + (first % 4));
                    break;
                case 2 or 3:
                    Follow(first, second);
                    break;
                case 4 or 5:
                    HandOut();
                    break;
                case 6 or 7:
                    FinishOneWrite();
                    break;
                case 8:
                    CommitAndApply(first, second);
                    break;
                default:
                    CompactOrRestore(first, second);
                    break;
            }
        }

        public void Check(int first, int second)
        {
            Assert.Equal(Last, _log.LastIndex);
            Assert.Equal((_committed, _applied), (_log.Committed, _log.Applied));
            for (var index = _log.FirstIndex; index <= Last; index++)
            {
                Assert.True(_log.TryGetTerm(index, out var term));
                Assert.Equal(TermAt(index), term);
            }

            Assert.False(_log.TryGetTerm(Last + 1, out _));
            Assert.Equal(new EntryId(TermAt(Last), Last), _log.LastId);
            CheckReads(first, second * 10);
            CheckConflictHint(first, second);
        }

        // The leader's own entries.
        private void Append(int count)
        {
            _term += count == 1 ? 1 : 0;
            for (var i = 0; i < count; i++)
            {
                var entry = NewEntry(_term, Last + 1);
                _model.Add(entry);
                _log.Append(entry);
            }
        }

        // A leader's slice: its log is ours up to some point, then other entries of a later term.
        private void Follow(int first, int second)
        {
            _term++;
            var previous = Math.Max(_committed, Last - (first % 6));
            var shared = Math.Min(Last - previous, second % 3);
            var entries = new List<Entry>();
            for (var i = 0; i < shared; i++)
            {
                entries.Add(_model[(int)(previous - _before.Index) + i]);
            }

            var own = second % 4;
            for (var i = 0; i < own; i++)
            {
                entries.Add(NewEntry(_term, previous + shared + 1 + i));
            }

            var slice = new LogSlice(_term, new EntryId(TermAt(previous), previous), entries);
            Assert.True(slice.IsWellFormed());
            Assert.True(_log.TryAppend(slice, 0));
            if (own > 0)
            {
                _model.RemoveRange((int)(previous + shared - _before.Index), (int)(Last - previous - shared));
                _model.AddRange(entries.Skip((int)shared));
            }

            var stranger = new LogSlice(_term, new EntryId(_term + 1, previous), []);
            Assert.False(_log.TryAppend(stranger, long.MaxValue));
            Assert.False(_log.TryAppend(new LogSlice(_term, new EntryId(_term, Last + 1), []), 0));
        }

        private void HandOut()
        {
            if (!_log.Unstable.HasNextEntries && !_log.Unstable.HasNextSnapshot)
            {
                return;
            }

            var entries = _log.Unstable.Slice(_log.Unstable.NextIndex, _log.Unstable.EndIndex).ToArray();
            _writes.Enqueue(new Write(_term, _log.Unstable.HasNextSnapshot ? _log.Unstable.Snapshot : null, entries, _log.LastId));
            _log.Unstable.AcceptInProgress();
            Assert.False(_log.Unstable.HasNextEntries);
        }

        private void FinishOneWrite()
        {
            if (!_writes.TryDequeue(out var write))
            {
                return;
            }

            if (write.Snapshot is { } snapshot)
            {
                _storage.ApplySnapshot(snapshot);
                _log.StableSnapshotTo(snapshot.Id.Index);
            }

            _storage.Append(write.Entries);

            // The news of a write of an earlier term is dropped (the ABA rule): its entries may have been replaced and put back meanwhile.
            if (write.Term == _term)
            {
                _log.StableTo(write.Last);
            }
        }

        private void CommitAndApply(int first, int second)
        {
            _committed = Math.Max(_committed, Math.Min(Last, _committed + (first % 5)));
            _log.CommitTo(_committed);
            var page = new List<Entry>();
            if (_log.HasNextCommitted(allowUnstable: second % 2 == 0))
            {
                _log.ReadNextCommitted(second % 2 == 0, page);
                Assert.Equal(Enumerable.Range((int)_applied + 1, page.Count).Select(index => (long)index), page.Select(entry => entry.Index));
                Assert.All(page, entry => Assert.Equal(Text(_model[(int)(entry.Index - _before.Index - 1)]), Text(entry)));
                Assert.True(second % 2 == 0 || page.Count == 0 || page[^1].Index < _log.Unstable.Offset, "an entry that is not durable was to be applied");
                if (page.Count > 0)
                {
                    _log.AcceptApplying(page[^1].Index, 0, second % 2 == 0);
                    _applied = page[^1].Index;
                    _log.AppliedTo(_applied, 0);
                }
            }
        }

        private void CompactOrRestore(int first, int second)
        {
            if (second % 4 == 0)
            {
                var id = new EntryId(_term, Last + 1 + (first % 3));
                _before = id;
                _model.Clear();
                _committed = id.Index;
                _log.Restore(new Snapshot(id, ConfState.Empty, default));
                Assert.True(_log.HasPendingSnapshot);
                Assert.False(_log.HasNextCommitted(allowUnstable: true), "nothing is applied before the snapshot is in place");
                while (_log.HasPendingSnapshot)
                {
                    HandOut();
                    FinishOneWrite();
                }

                _applied = id.Index;
                _log.AppliedTo(_applied, 0);
                return;
            }

            // Only what is durable and applied may be compacted.
            var index = Math.Min(_applied, Math.Min(_storage.LastIndex, _log.Unstable.Offset - 1)) - (first % 3);
            if (_writes.Count == 0 && index >= _storage.FirstIndex)
            {
                _before = new EntryId(TermAt(index), index);
                _model.RemoveRange(0, (int)(index - _storage.FirstIndex + 1));
                Assert.True(_storage.CompactTo(index));
            }
        }

        private void CheckReads(int first, long maxBytes)
        {
            var low = _log.FirstIndex + (first % (Last - _log.FirstIndex + 2));
            var expected = new List<Entry>();
            var size = 0L;
            foreach (var entry in _model.Where(entry => entry.Index >= low))
            {
                size += RaftCodec.EntrySize(entry);
                if (expected.Count > 0 && size > maxBytes)
                {
                    break;
                }

                expected.Add(entry);
            }

            var actual = new List<Entry>();
            Assert.True(_log.TryRead(low, maxBytes, actual));
            Assert.Equal(expected.Select(entry => Text(entry)), actual.Select(entry => Text(entry)));
            actual.Clear();
            Assert.True(_log.TryRead(low, RaftConfig.NoLimit, actual));
            Assert.Equal(_model.Where(entry => entry.Index >= low).Select(entry => Text(entry)), actual.Select(entry => Text(entry)));
            Assert.True(_log.FirstIndex == 1 || !_log.TryRead(_log.FirstIndex - 1, maxBytes, actual));
            Assert.Equal(
                _model.Any(entry => entry.Index >= low && entry.Type is not EntryType.EntryNormal),
                _log.HasConfChange(low, Last));
        }

        private void CheckConflictHint(int first, long term)
        {
            var index = Last - (first % 5);
            if (index < _before.Index)
            {
                return;
            }

            var expected = index;
            while (expected > _before.Index && TermAt(expected) > term)
            {
                expected--;
            }

            var actual = _log.FindConflictByTerm(index, term);
            if (TermAt(expected) <= term)
            {
                Assert.Equal(new EntryId(TermAt(expected), expected), actual);
            }
            else
            {
                Assert.Equal(_before.Index == 0 ? default : new EntryId(0, _before.Index - 1), actual);
            }
        }

        private Entry NewEntry(long term, long index) =>
            new(term, index, _number++ % 7 == 0 ? EntryType.EntryConfChangeV2 : EntryType.EntryNormal, new byte[_number % 9]);

        private long TermAt(long index) => index == _before.Index ? _before.Term : _model[(int)(index - _before.Index - 1)].Term;

        private static string Text(in Entry entry) => $"{entry.Id} {entry.Type} {entry.Data.Length}";

        private sealed record Write(long Term, Snapshot? Snapshot, Entry[] Entries, EntryId Last);
    }
}
