using Orleans.Raft.Hosting;
using Orleans.Raft.Storage.Provider;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Provider;

/// <summary>An export of states whose payloads are in another storage: as of one index, though the storage has the newest only.</summary>
public sealed class BackedExportTests
{
    private readonly FakeBacking _backing = new();
    private readonly MemoryStateStore _store = new();
    private readonly BackedReplica _replica;

    public BackedExportTests() => _replica = new BackedReplica(_backing, _store);

    [Fact]
    public async Task What_is_overwritten_cleared_and_deleted_between_two_pages_is_exported_as_it_was()
    {
        var versions = new List<RecordVersion>();
        for (var key = 0; key < 9; key++)
        {
            versions.Add((await _replica.WriteAsync(key, Expectation.Absent, $"old {key}")).Record!.Value.Version);
        }

        var page = await _replica.ExportAsync(null, pageBytes: 1);
        var texts = page.Page.Records.Select(record => BackedReplica.Text(record.Record)).ToList();
        Assert.Equal(["old 0"], texts);
        for (var key = 0; key < 9; key++)
        {
            var kind = (key % 3) switch { 0 => GrainCommandKind.Write, 1 => GrainCommandKind.Clear, _ => GrainCommandKind.Delete };
            var answer = await _replica.SendAsync(kind, key, Expectation.Exactly(versions[key]), kind is GrainCommandKind.Write ? "new"u8.ToArray() : null);
            Assert.NotEqual(GrainVerdict.Conflict, answer.Verdict);
        }

        var kept = Notes();
        Assert.NotEqual(0, kept);

        // Overwritten once more: what no view shows is not kept.
        await _replica.WriteAsync(1, Expectation.Exactly(Last(1).Version), "newer");
        await _replica.WriteAsync(1, Expectation.Exactly(Last(1).Version), "newest");
        Assert.Equal(kept, Notes());
        var (view, index) = (page.View, page.Index);
        while (!page.Page.IsLast)
        {
            page = await _replica.ExportAsync(page, pageBytes: 1);
            Assert.Equal((view, index), (page.View, page.Index));
            texts.AddRange(page.Page.Records.Select(record => BackedReplica.Text(record.Record)));
        }

        Assert.Equal(Enumerable.Range(0, 9).Select(key => $"old {key}"), texts);
        await _replica.ExportAsync(page, pageBytes: 0);
        Assert.Equal(0, Notes());
        await Assert.ThrowsAsync<StateElsewhereException>(() => _replica.ExportAsync(page, pageBytes: 1));
    }

    [Fact]
    public async Task A_view_that_is_opened_while_a_batch_is_on_its_way_to_the_storage_shows_that_batch()
    {
        var first = await _replica.WriteAsync(1, Expectation.Absent, "before");
        var gate = new TaskCompletionSource();
        _backing.Gate = gate.Task;
        var write = _replica.WriteAsync(1, Expectation.Exactly(first.Record!.Value.Version), "under way");
        var export = _replica.ExportAsync(null, pageBytes: 1000);
        Assert.False(write.IsCompleted);
        Assert.False(export.IsCompleted);
        gate.SetResult();
        await write;
        Assert.Equal("under way", BackedReplica.Text(Assert.Single((await export).Page.Records).Record));
    }

    [Fact]
    public async Task A_payload_that_is_lost_fails_the_export_and_what_a_killed_process_had_kept_is_forgotten()
    {
        var written = await _replica.WriteAsync(1, Expectation.Absent, "one");
        await _replica.WriteAsync(2, Expectation.Absent, "two");
        await _replica.ExportAsync(null, pageBytes: 1);
        await _replica.WriteAsync(1, Expectation.Exactly(written.Record!.Value.Version), "one again");
        Assert.Equal(1, Notes());

        var restarted = new BackedReplica(_backing, _store);
        Assert.Equal(0, Notes());
        _backing.Rows.Clear();
        await Assert.ThrowsAsync<StateElsewhereException>(() => restarted.ExportAsync(null, pageBytes: 1000));
    }

    [Fact]
    public async Task A_storage_that_loses_all_rows_with_the_process_costs_no_state_where_the_engine_keeps_them_too()
    {
        var (backing, store) = (new FakeBacking(), new MemoryStateStore());
        var replica = new BackedReplica(backing, store, keepsPayloads: true);
        await replica.WriteAsync(1, Expectation.Absent, "one");
        await replica.WriteAsync(2, Expectation.Absent, "two");

        var emptied = new FakeBacking();
        var restarted = new BackedReplica(emptied, store, keepsPayloads: true);
        Assert.Equal("one", await restarted.ReadAsync(1));
        Assert.Equal("two", await restarted.ReadAsync(2));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (emptied.Rows.Count < 2)
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private int Notes() => _store.OpenView(1).Scan(new byte[] { StateKeys.Local, 2 }, new byte[] { StateKeys.Local, 3 }).Count();

    private GrainRecord Last(int key)
    {
        var rowKey = StateKeys.OfUser(RecordRow.KeyOf(RecordKey.Create(Orleans.Runtime.GrainId.Create("cart", $"{key}"), "s")));
        return RecordRow.Decode(_store.Get(1, rowKey)!);
    }
}
