using Orleans.Raft.Core;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Conformance;

public abstract partial class LogStoreConformance
{
    [Fact]
    public async Task A_new_opening_fences_the_older_owner()
    {
        var old = await OpenAsync(Orders);
        await AppendAsync(old, term: 1, from: 1, count: 1);
        var current = await OpenAsync(Orders);

        Assert.True(current.Owner > old.Owner);
        await Assert.ThrowsAsync<FencedException>(() => AppendAsync(old, term: 2, from: 2, count: 1));
        await AppendAsync(current, term: 3, from: 2, count: 1);
        Assert.Equal("1/1 3/2", LogText.Positions(current.Reader));
    }

    [Fact]
    public async Task An_opening_sees_everything_that_was_queued_before()
    {
        var old = await OpenAsync(Orders);
        var batch = new WriteBatch();
        batch.SetHardState(old, new HardState(6, new ReplicaId(1), 0));
        var write = Store.WriteAsync(batch);
        var current = await OpenAsync(Orders);

        Assert.Equal(6, current.Reader.InitialState.HardState.Term);
        await write;
    }

    [Fact]
    public async Task A_fenced_operation_leaves_nothing_of_its_batch()
    {
        var orders = await OpenAsync(Orders);
        var carts = await OpenAsync(Carts);
        var current = await OpenAsync(Carts);

        await Assert.ThrowsAsync<FencedException>(() => WriteAsync(batch =>
        {
            batch.Append(orders, LogText.Entries(1, 1, 2));
            batch.Append(carts, LogText.Entries(1, 1, 2));
        }));
        Assert.Equal(0, orders.Reader.LastIndex);
        Assert.Equal(0, current.Reader.LastIndex);
        await AppendAsync(orders, term: 1, from: 1, count: 1);
    }

    [Fact]
    public async Task Operations_that_do_not_fit_are_refused_whole()
    {
        var log = await OpenAsync(Orders);
        await AppendAsync(log, term: 2, from: 1, count: 4);
        await WriteAsync(batch => batch.CompactTo(log, new EntryId(2, 2)));

        await Assert.ThrowsAsync<InvalidOperationException>(() => AppendAsync(log, term: 2, from: 6, count: 1));
        await Assert.ThrowsAsync<InvalidOperationException>(() => AppendAsync(log, term: 2, from: 2, count: 1));
        await Assert.ThrowsAsync<InvalidOperationException>(() => WriteAsync(batch => batch.CompactTo(log, new EntryId(2, 5))));
        await Assert.ThrowsAsync<InvalidOperationException>(() => WriteAsync(batch =>
        {
            batch.Append(log, LogText.Entries(2, 5, 1));
            batch.Append(log, LogText.Entries(2, 7, 1));
        }));
        Assert.Equal("2/3 2/4", LogText.Positions(log.Reader));
        await AppendAsync(log, term: 2, from: 5, count: 1);
        Assert.Equal(5, log.Reader.LastIndex);
    }

    [Fact]
    public async Task A_removed_group_is_gone_and_leaves_its_replicas_number()
    {
        var log = await OpenAsync(Orders);
        await AppendAsync(log, term: 1, from: 1, count: 3);
        await WriteAsync(batch => batch.RemoveGroup(log, new ReplicaId(4)));

        Assert.Empty(Store.Groups);
        await Assert.ThrowsAsync<FencedException>(() => AppendAsync(log, term: 1, from: 4, count: 1));
        await ReopenAsync();
        Assert.Empty(Store.Groups);
        Assert.Equal([new ReplicaId(4)], Store.GetRemovedReplicas(Orders));
        Assert.Empty(Store.GetRemovedReplicas(Carts));
    }

    [Fact]
    public async Task A_group_that_is_made_again_starts_empty_under_another_generation()
    {
        var first = await OpenAsync(Orders);
        await AppendAsync(first, term: 1, from: 1, count: 3);
        await WriteAsync(batch =>
        {
            batch.SetHardState(first, new HardState(9, new ReplicaId(1), 3));
            batch.SetMetadata(first, "old"u8.ToArray());
        });
        await WriteAsync(batch => batch.RemoveGroup(first, new ReplicaId(1)));
        var second = await OpenAsync(Orders);

        Assert.NotEqual(first.Generation, second.Generation);
        Assert.Equal(0, second.Reader.LastIndex);
        Assert.True(second.Reader.InitialState.HardState.IsEmpty);
        Assert.True(second.Metadata.IsEmpty);
        await AppendAsync(second, term: 10, from: 1, count: 1);
        await ReopenAsync();
        var third = await OpenAsync(Orders);
        Assert.Equal("10/1", LogText.Positions(third.Reader));
        Assert.Equal(second.Generation, third.Generation);
    }

    [Fact]
    public async Task Generations_never_repeat()
    {
        var seen = new HashSet<long> { (await OpenAsync(Orders)).Generation };
        Assert.True(seen.Add(Store.NewGeneration()));
        await ReopenAsync();
        Assert.True(seen.Add(Store.NewGeneration()));
        Assert.True(seen.Add((await OpenAsync(Carts)).Generation));
    }

    [Fact]
    public async Task One_batch_writes_many_groups()
    {
        var orders = await OpenAsync(Orders);
        var carts = await OpenAsync(Carts);
        await WriteAsync(batch =>
        {
            batch.Append(orders, LogText.Entries(1, 1, 2));
            batch.SetHardState(carts, new HardState(2, default, 0));
            batch.Append(carts, LogText.Entries(2, 1, 1));
        });
        await ReopenAsync();

        Assert.Equal([Carts, Orders], Store.Groups.OrderBy(g => g.Name));
        Assert.Equal("1/1 1/2", LogText.Positions((await OpenAsync(Orders)).Reader));
        Assert.Equal("2/1", LogText.Positions((await OpenAsync(Carts)).Reader));
    }

    [Fact]
    public async Task Many_concurrent_writers_each_find_their_own_entries()
    {
        const int Writers = 16, Appends = 50;
        var logs = new GroupLog[Writers];
        for (var i = 0; i < Writers; i++)
        {
            logs[i] = await OpenAsync(new RaftGroupId("many", i));
        }

        await Task.WhenAll(logs.Select(log => Task.Run(async () =>
        {
            var batch = new WriteBatch();
            for (var index = 1; index <= Appends; index++)
            {
                batch.Clear();
                batch.Append(log, LogText.Entries(log.Group.Index + 1, index, 1));
                batch.SetHardState(log, new HardState(log.Group.Index + 1, default, index - 1));
                await Store.WriteAsync(batch);
                Assert.Equal(index, log.Reader.LastIndex);
            }
        })));
        await ReopenAsync();

        for (var i = 0; i < Writers; i++)
        {
            var reader = (await OpenAsync(new RaftGroupId("many", i))).Reader;
            Assert.Equal(string.Join(' ', Enumerable.Range(1, Appends).Select(index => $"{i + 1}/{index}")), LogText.Positions(reader));
            Assert.Equal(Appends - 1, reader.InitialState.HardState.Commit);
        }
    }
}
