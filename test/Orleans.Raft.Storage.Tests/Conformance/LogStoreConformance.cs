using Orleans.Raft.Core;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Conformance;

/// <summary>What every log store does. A store's own test class derives from this and says how to open, and open again, a store.</summary>
public abstract partial class LogStoreConformance : IAsyncLifetime
{
    protected static readonly RaftGroupId Orders = new("orders", 1);
    protected static readonly RaftGroupId Carts = new("carts", 2);
    protected static readonly ConfState ThreeVoters = ConfState.Of([new(1), new(2), new(3)]);

    protected ILogStore Store { get; private set; } = null!;

    public async Task InitializeAsync() => Store = await OpenStoreAsync();

    public virtual async Task DisposeAsync() => await Store.DisposeAsync();

    /// <summary>Opens the store, new at first, then with what it held.</summary>
    protected abstract Task<ILogStore> OpenStoreAsync();

    protected async Task<GroupLog> OpenAsync(RaftGroupId group) => await Store.OpenAsync(group, default);

    protected async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = await OpenStoreAsync();
    }

    protected async Task WriteAsync(Action<WriteBatch> fill)
    {
        var batch = new WriteBatch();
        fill(batch);
        await Store.WriteAsync(batch);
    }

    protected Task AppendAsync(GroupLog log, long term, long from, int count) =>
        WriteAsync(batch => batch.Append(log, LogText.Entries(term, from, count)));

    [Fact]
    public async Task A_new_group_has_an_empty_log()
    {
        var log = await OpenAsync(Orders);

        Assert.Equal(1, log.Reader.FirstIndex);
        Assert.Equal(0, log.Reader.LastIndex);
        Assert.True(log.Reader.InitialState.HardState.IsEmpty);
        Assert.Equal(ConfState.Empty, log.Reader.InitialState.ConfState);
        Assert.True(log.Reader.TryGetTerm(0, out var term));
        Assert.Equal(0, term);
        Assert.False(log.Reader.TryGetTerm(1, out _));
        Assert.True(log.Metadata.IsEmpty);
        Assert.Equal([Orders], Store.Groups);
    }

    [Fact]
    public async Task Appended_entries_are_read_back_with_term_type_and_payload()
    {
        var log = await OpenAsync(Orders);
        await WriteAsync(batch => batch.Append(log, [
            new Entry(1, 1, EntryType.EntryNormal, "a"u8.ToArray()),
            new Entry(1, 2, EntryType.EntryConfChange, "b"u8.ToArray()),
            new Entry(3, 3, EntryType.EntryConfChangeV2, default),
        ]));

        Assert.Equal("1/1 EntryNormal a, 1/2 EntryConfChange b, 3/3 EntryConfChangeV2 ", LogText.Print(log.Reader));
        await ReopenAsync();
        Assert.Equal("1/1 EntryNormal a, 1/2 EntryConfChange b, 3/3 EntryConfChangeV2 ", LogText.Print((await OpenAsync(Orders)).Reader));
    }

    [Fact]
    public async Task An_append_replaces_the_conflicting_suffix()
    {
        var log = await OpenAsync(Orders);
        await AppendAsync(log, term: 1, from: 1, count: 5);
        await AppendAsync(log, term: 2, from: 3, count: 1);

        Assert.Equal("1/1 1/2 2/3", LogText.Positions(log.Reader));
        Assert.False(log.Reader.TryGetTerm(4, out _));
        await ReopenAsync();
        Assert.Equal("1/1 1/2 2/3", LogText.Positions((await OpenAsync(Orders)).Reader));
    }

    [Fact]
    public async Task A_batch_may_append_and_overwrite_the_same_group_twice()
    {
        var log = await OpenAsync(Orders);
        await WriteAsync(batch =>
        {
            batch.Append(log, LogText.Entries(1, 1, 4));
            batch.Append(log, LogText.Entries(2, 2, 2));
            batch.SetHardState(log, new HardState(2, new ReplicaId(1), 1));
            batch.SetHardState(log, new HardState(3, new ReplicaId(2), 2));
        });

        Assert.Equal("1/1 2/2 2/3", LogText.Positions(log.Reader));
        Assert.Equal(new HardState(3, new ReplicaId(2), 2), log.Reader.InitialState.HardState);
    }

    [Fact]
    public async Task Hard_state_configuration_and_metadata_survive_a_reopening()
    {
        var log = await OpenAsync(Orders);
        var joint = ThreeVoters with { VotersOutgoing = [new(1)], Learners = [new(7)], LearnersNext = [new(8)], AutoLeave = true };
        await WriteAsync(batch =>
        {
            batch.SetHardState(log, new HardState(7, new ReplicaId(3), 5));
            batch.SetConfState(log, joint);
            batch.SetMetadata(log, "who I am"u8.ToArray());
        });

        await ReopenAsync();
        log = await OpenAsync(Orders);
        Assert.Equal(new InitialState(new HardState(7, new ReplicaId(3), 5), joint), log.Reader.InitialState);
        Assert.Equal("who I am"u8.ToArray(), log.Metadata.ToArray());
    }

    [Fact]
    public async Task Compaction_moves_the_first_index_and_keeps_its_term()
    {
        var log = await OpenAsync(Orders);
        await AppendAsync(log, term: 4, from: 1, count: 5);
        await WriteAsync(batch => batch.CompactTo(log, new EntryId(4, 3)));

        for (var round = 0; round < 2; round++)
        {
            Assert.Equal(4, log.Reader.FirstIndex);
            Assert.Equal(5, log.Reader.LastIndex);
            Assert.True(log.Reader.TryGetTerm(3, out var term));
            Assert.Equal(4, term);
            Assert.False(log.Reader.TryGetTerm(2, out _));
            Assert.False(log.Reader.TryRead(3, 6, long.MaxValue, []));
            Assert.Equal("4/4 4/5", LogText.Positions(log.Reader));
            await ReopenAsync();
            log = await OpenAsync(Orders);
        }
    }

    [Fact]
    public async Task Compaction_below_the_first_index_changes_nothing()
    {
        var log = await OpenAsync(Orders);
        await AppendAsync(log, term: 1, from: 1, count: 5);
        await WriteAsync(batch => batch.CompactTo(log, new EntryId(1, 3)));
        await WriteAsync(batch => batch.CompactTo(log, new EntryId(1, 2)));

        Assert.Equal(4, log.Reader.FirstIndex);
    }

    [Fact]
    public async Task Compaction_keeps_the_terms_of_the_log_not_the_callers()
    {
        var log = await OpenAsync(Orders);
        await AppendAsync(log, term: 4, from: 1, count: 5);
        await WriteAsync(batch => batch.CompactTo(log, new EntryId(9, 3)));

        Assert.True(log.Reader.TryGetTerm(3, out var term));
        Assert.Equal(4, term);
        await ReopenAsync();
        Assert.True((await OpenAsync(Orders)).Reader.TryGetTerm(3, out term));
        Assert.Equal(4, term);
    }

    [Fact]
    public async Task A_log_compacted_to_its_end_is_empty_and_continues()
    {
        var log = await OpenAsync(Orders);
        await AppendAsync(log, term: 2, from: 1, count: 3);
        await WriteAsync(batch => batch.CompactTo(log, new EntryId(2, 3)));

        Assert.Equal(4, log.Reader.FirstIndex);
        Assert.Equal(3, log.Reader.LastIndex);
        await AppendAsync(log, term: 3, from: 4, count: 1);
        Assert.Equal("3/4", LogText.Positions(log.Reader));
    }

    [Fact]
    public async Task A_reset_drops_all_and_continues_after_the_snapshot_under_the_new_generation()
    {
        var log = await OpenAsync(Orders);
        await AppendAsync(log, term: 1, from: 1, count: 3);
        var generation = Store.NewGeneration();
        await WriteAsync(batch => batch.ResetTo(log, new EntryId(5, 100), ThreeVoters, generation));

        for (var round = 0; round < 2; round++)
        {
            Assert.Equal(101, log.Reader.FirstIndex);
            Assert.Equal(100, log.Reader.LastIndex);
            Assert.True(log.Reader.TryGetTerm(100, out var term));
            Assert.Equal(5, term);
            Assert.Equal(ThreeVoters, log.Reader.InitialState.ConfState);
            await ReopenAsync();
            log = await OpenAsync(Orders);
            Assert.Equal(generation, log.Generation);
        }

        await AppendAsync(log, term: 5, from: 101, count: 2);
        Assert.Equal("5/101 5/102", LogText.Positions(log.Reader));
    }

    [Fact]
    public async Task Reads_stop_at_the_byte_limit_but_return_at_least_one_entry()
    {
        var log = await OpenAsync(Orders);
        await WriteAsync(batch => batch.Append(log, [.. Enumerable.Range(1, 5).Select(i => new Entry(1, i, EntryType.EntryNormal, new byte[100]))]));

        List<Entry> Read(long low, long high, long maxBytes)
        {
            List<Entry> into = [];
            Assert.True(log.Reader.TryRead(low, high, maxBytes, into));
            return into;
        }

        Assert.Equal([1], Read(1, 6, 0).Select(e => e.Index));
        Assert.Equal([2, 3], Read(2, 6, 220).Select(e => e.Index));
        Assert.Equal([2, 3], Read(2, 4, long.MaxValue).Select(e => e.Index));
        Assert.Empty(Read(6, 9, long.MaxValue));
        Assert.Equal([5], Read(5, 9, long.MaxValue).Select(e => e.Index));
    }
}
