using System.Text;
using Orleans.Raft.Core;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Conformance;

/// <summary>What every state store does.</summary>
public abstract class StateStoreConformance : IAsyncLifetime
{
    private const long Generation = 7;

    protected IStateStore Store { get; private set; } = null!;

    public async Task InitializeAsync() => Store = await OpenStoreAsync();

    public virtual async Task DisposeAsync() => await Store.DisposeAsync();

    protected abstract Task<IStateStore> OpenStoreAsync();

    [Fact]
    public void An_empty_store_holds_nothing()
    {
        Assert.Empty(Store.Generations);
        Assert.Equal(AppliedState.None, Store.GetApplied(Generation));
        Assert.Equal(AppliedState.None, Store.GetDurableApplied(Generation));
        Assert.Null(Store.Get(Generation, "a"u8));
        using var view = Store.OpenView(Generation);
        Assert.Empty(view.Scan(default, default));
    }

    [Fact]
    public async Task A_batch_changes_rows_and_applied_record_together()
    {
        var applied = new AppliedState(new EntryId(3, 17), ConfState.Of([new(1), new(2)])) { Extra = "sessions"u8.ToArray() };
        await WriteAsync(Generation, applied, ("a", "1"), ("b", "2"));
        await WriteAsync(Generation, null, ("a", null), ("c", "3"));

        Assert.Equal(applied, Store.GetApplied(Generation));
        Assert.Equal([Generation], Store.Generations);
        Assert.Equal("b=2 c=3", Print(Generation));
        Assert.Null(Store.Get(Generation, "a"u8));
        Assert.Equal("2"u8.ToArray(), Store.Get(Generation, "b"u8));
    }

    [Fact]
    public async Task A_batch_reads_what_it_already_changed()
    {
        await WriteAsync(Generation, null, ("a", "1"), ("b", "2"));
        var batch = new StateBatch(Store, Generation);
        Assert.Equal("1"u8.ToArray(), batch.Get("a"u8));
        batch.Put("a"u8, "3"u8.ToArray());
        batch.Delete("b"u8);
        Assert.Equal("3"u8.ToArray(), batch.Get("a"u8));
        Assert.Null(batch.Get("b"u8));
        batch.Put("b"u8, "4"u8.ToArray());
        Assert.Equal("4"u8.ToArray(), batch.Get("b"u8));
        Assert.Equal("2"u8.ToArray(), Store.Get(Generation, "b"u8));
        await Store.WriteAsync(batch);
        Assert.Equal("a=3 b=4", Print(Generation));
    }

    [Fact]
    public async Task Generations_are_apart()
    {
        await WriteAsync(1, At(5), ("a", "1"));
        await WriteAsync(2, At(6), ("a", "2"), ("", "empty key"));
        await WriteAsync(256, At(7), ("a", "256"));

        Assert.Equal("a=1", Print(1));
        Assert.Equal("=empty key a=2", Print(2));
        Assert.Equal([1, 2, 256], Store.Generations);
        await Store.DeleteAsync(2);
        Assert.Equal("", Print(2));
        Assert.Equal(AppliedState.None, Store.GetApplied(2));
        Assert.Equal("a=1", Print(1));
        Assert.Equal("a=256", Print(256));
        Assert.Equal([1, 256], Store.Generations);
    }

    [Fact]
    public async Task A_scan_goes_in_order_of_the_keys_bytes_within_its_bounds()
    {
        var keys = new[] { "b", "a", "ab", "b\u00ff", "c", "z" };
        await WriteAsync(Generation, null, [.. keys.Select(static key => (key, (string?)key))]);

        using var view = Store.OpenView(Generation);
        string Scan(string from, string to) =>
            string.Join(' ', view.Scan(Encoding.UTF8.GetBytes(from), Encoding.UTF8.GetBytes(to)).Select(static row => Encoding.UTF8.GetString(row.Key)));

        Assert.Equal("a ab b b\u00ff c z", Scan("", ""));
        Assert.Equal("ab b b\u00ff", Scan("aa", "c"));
        Assert.Equal("c z", Scan("c", ""));
        Assert.Equal("", Scan("zz", ""));
    }

    [Fact]
    public async Task A_view_does_not_see_later_writes()
    {
        await WriteAsync(Generation, At(1), ("a", "1"), ("b", "1"));
        using var view = Store.OpenView(Generation);
        await WriteAsync(Generation, At(2), ("a", "2"), ("b", null), ("c", "2"));

        Assert.Equal(At(1), view.Applied);
        Assert.Equal("1"u8.ToArray(), view.Get("a"u8));
        Assert.Equal("a=1 b=1", Print(view));
        Assert.Equal("a=2 c=2", Print(Generation));
    }

    [Fact]
    public async Task A_flush_makes_the_applied_record_durable()
    {
        await WriteAsync(Generation, At(9), ("a", "1"));
        await Store.FlushAsync(default);
        Assert.Equal(At(9), Store.GetDurableApplied(Generation));
    }

    [Fact]
    public async Task Concurrent_batches_of_many_generations_all_arrive()
    {
        await Task.WhenAll(Enumerable.Range(1, 8).Select(generation => Task.Run(async () =>
        {
            for (var i = 1; i <= 50; i++)
            {
                await WriteAsync(generation, At(i), ($"k{i % 5}", $"{i}"), ("last", $"{i}"));
            }
        })));

        for (var generation = 1; generation <= 8; generation++)
        {
            Assert.Equal("k0=50 k1=46 k2=47 k3=48 k4=49 last=50", Print(generation));
            Assert.Equal(At(50), Store.GetApplied(generation));
        }
    }

    protected static AppliedState At(long index) => new(new EntryId(1, index), ConfState.Of([new(1)]));

    protected async Task WriteAsync(long generation, AppliedState? applied, params (string Key, string? Value)[] rows)
    {
        var batch = new StateBatch(Store, generation) { Applied = applied };
        foreach (var (key, value) in rows)
        {
            if (value is null)
            {
                batch.Delete(Encoding.UTF8.GetBytes(key));
            }
            else
            {
                batch.Put(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));
            }
        }

        await Store.WriteAsync(batch);
    }

    protected string Print(long generation)
    {
        using var view = Store.OpenView(generation);
        return Print(view);
    }

    protected async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = await OpenStoreAsync();
    }

    private static string Print(IStateView view) =>
        string.Join(' ', view.Scan(default, default).Select(static row => $"{Encoding.UTF8.GetString(row.Key)}={Encoding.UTF8.GetString(row.Value)}"));
}
