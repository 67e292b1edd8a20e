using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core;

/// <summary>The log for tests and for embedding without durability.</summary>
public sealed class MemoryLogStorageTests
{
    [Fact]
    public void Appending_drops_what_is_stored_at_and_above_the_first_index()
    {
        var log = Filled(5);
        log.Append([Entry(2, 3), Entry(2, 4)]);
        Assert.Equal(4, log.LastIndex);
        Assert.Equal([1L, 1L, 2L, 2L], Terms(log));
    }

    [Fact]
    public void Appending_beyond_the_end_leaves_no_gap_and_is_refused()
    {
        Assert.Throws<ArgumentException>(() => Filled(2).Append([Entry(1, 4)]));
    }

    [Fact]
    public void Compaction_keeps_the_term_before_the_first_entry()
    {
        var log = Filled(5);
        Assert.True(log.CompactTo(3));
        Assert.False(log.CompactTo(3));
        Assert.Equal((4L, 5L), (log.FirstIndex, log.LastIndex));
        Assert.True(log.TryGetTerm(3, out var term));
        Assert.Equal(1, term);
        Assert.False(log.TryGetTerm(2, out _));
        Assert.False(log.TryRead(3, 5, RaftConfig.NoLimit, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => log.CompactTo(6));
    }

    [Fact]
    public void Compaction_entry_by_entry_and_appends_keep_every_entry_in_its_place()
    {
        var log = new MemoryLogStorage();
        for (var index = 1L; index <= 200; index++)
        {
            log.Append([Entry(index / 10, index)]);
            if (index > 7)
            {
                log.CompactTo(index - 7);
            }

            for (var i = log.FirstIndex; i <= log.LastIndex; i++)
            {
                Assert.True(log.TryGetTerm(i, out var term));
                Assert.Equal(i / 10, term);
            }
        }

        Assert.Equal(7, log.LastIndex - log.FirstIndex + 1);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(6, 1)]
    [InlineData(12, 2)]
    [InlineData(13, 2)]
    [InlineData(long.MaxValue, 4)]
    public void A_read_returns_as_many_entries_as_fit_and_at_least_one(long maxBytes, int count)
    {
        // An empty entry of small term and index takes six bytes.
        var into = new List<Entry>();
        Assert.True(Filled(5).TryRead(1, 5, maxBytes, into));
        Assert.Equal(count, into.Count);
    }

    [Fact]
    public void A_snapshot_replaces_the_log_unless_it_is_older_than_its_start()
    {
        var log = Filled(5);
        var snapshot = new Snapshot(new EntryId(3, 9), ConfState.Of([new ReplicaId(7)]), default);
        log.ApplySnapshot(snapshot);
        Assert.Equal((10L, 9L), (log.FirstIndex, log.LastIndex));
        Assert.Equal(snapshot.ConfState, log.InitialState.ConfState);
        log.ApplySnapshot(new Snapshot(new EntryId(1, 2), ConfState.Empty, default));
        Assert.Equal(10, log.FirstIndex);
        Assert.True(log.TryGetSnapshot(out var latest));
        Assert.Same(snapshot, latest);
    }

    private static MemoryLogStorage Filled(int count)
    {
        var log = new MemoryLogStorage();
        log.Append([.. Enumerable.Range(1, count).Select(index => Entry(1, index))]);
        return log;
    }

    private static Entry Entry(long term, long index) => new(term, index, EntryType.EntryNormal, default);

    private static IEnumerable<long> Terms(MemoryLogStorage log)
    {
        var entries = new List<Entry>();
        log.TryRead(log.FirstIndex, log.LastIndex + 1, RaftConfig.NoLimit, entries);
        return entries.Select(entry => entry.Term);
    }
}
