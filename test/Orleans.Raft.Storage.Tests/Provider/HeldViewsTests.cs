using Microsoft.Extensions.Time.Testing;
using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Provider;

/// <summary>Views that stay open between queries: a fixed number, as they were, and not for ever.</summary>
public sealed class HeldViewsTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly MemoryStateStore _store = new();
    private readonly HeldViews _views;

    public HeldViewsTests() => _views = new HeldViews(_store, _time);

    [Fact]
    public async Task A_view_that_nobody_uses_is_closed_and_one_that_is_used_stays()
    {
        await PutAsync(1, "old");
        var (used, idle) = (_views.Open(1), _views.Open(1));
        await PutAsync(2, "new");
        for (var step = 0; step < 8; step++)
        {
            _time.Advance(HeldViews.IdleLimit / 4);
            Assert.Equal("old", Read(_views.Find(used.Id)));
        }

        Assert.Throws<StateElsewhereException>(() => _views.Find(idle.Id));
        Assert.Equal(1, used.Index);
        _time.Advance(HeldViews.IdleLimit * 2);
        Assert.Throws<StateElsewhereException>(() => Read(used));
    }

    [Fact]
    public void Too_many_views_and_views_of_a_stopped_replica_are_refused()
    {
        var ends = new List<long>();
        _views.Emptied += ends.Add;
        var open = Enumerable.Range(0, HeldViews.MaxViews).Select(_ => _views.Open(1)).ToList();
        Assert.Throws<StateElsewhereException>(() => _views.Open(1));
        open.ForEach(view => _views.Close(view.Id));
        Assert.Equal([1], ends);
        var last = _views.Open(1);
        _views.Stop();
        Assert.Throws<StateElsewhereException>(() => Read(last));
        Assert.Throws<StateElsewhereException>(() => _views.Open(1));
    }

    private static string Read(HeldView view)
    {
        var text = "";
        view.Scan(default, row =>
        {
            text += System.Text.Encoding.UTF8.GetString(row.Value);
            return true;
        });
        return text;
    }

    private async Task PutAsync(long index, string text)
    {
        var batch = new StateBatch(_store, 1) { Applied = new AppliedState(new EntryId(1, index), ConfState.Of([new ReplicaId(1)])) };
        batch.Put(StateKeys.OfUser([1]), System.Text.Encoding.UTF8.GetBytes(text));
        await _store.WriteAsync(batch);
    }
}
