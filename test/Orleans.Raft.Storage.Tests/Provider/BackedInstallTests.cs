using Orleans.Raft.Hosting;
using Orleans.Raft.Storage.Provider;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Provider;

/// <summary>A snapshot replaces the rows of a replica that runs: what it had decided and sent before says nothing any more.</summary>
public sealed class BackedInstallTests
{
    private readonly FakeBacking _backing = new();
    private readonly BackedReplica _behind;
    private readonly BackedReplica _ahead = new(new FakeBacking(), new MemoryStateStore());

    public BackedInstallTests() => _behind = new BackedReplica(_backing, new MemoryStateStore());

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_last_batch_before_a_snapshot_decided_is_not_answered_after_it(bool isDeletion)
    {
        var last = isDeletion ? GrainCommandKind.Delete : GrainCommandKind.Write;
        var first = await WriteOnBothAsync("first");
        await _behind.SendAsync(last, 1, Expectation.Exactly(first), last is GrainCommandKind.Write ? "second"u8.ToArray() : null);
        var second = await _ahead.WriteAsync(1, Expectation.Exactly(first), "second");
        await _ahead.WriteAsync(1, Expectation.Exactly(second.Record!.Value.Version), "third");

        await _behind.InstallAsync(_ahead, generation: 2);
        await Assert.ThrowsAsync<StateElsewhereException>(() => _behind.ReadAsync(1));
    }

    [Fact]
    public async Task A_batch_that_was_under_way_when_a_snapshot_came_is_neither_answered_nor_leaves_rows_behind()
    {
        var first = await WriteOnBothAsync("first");
        var second = await _ahead.WriteAsync(1, Expectation.Exactly(first), "second");
        await _ahead.WriteAsync(1, Expectation.Exactly(second.Record!.Value.Version), "third");
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _backing.Gate = gate.Task;
        var underWay = _behind.WriteAsync(1, Expectation.Exactly(first), "second");
        Assert.False(underWay.IsCompleted);

        await _behind.InstallAsync(_ahead, generation: 2);
        var forgotten = _behind.ForgetAsync(1);
        await Assert.ThrowsAsync<StateElsewhereException>(() => _behind.ReadAsync(1));
        gate.SetResult();
        await Task.WhenAll(underWay, forgotten);
        Assert.Empty(_backing.Rows);
        await Assert.ThrowsAsync<StateElsewhereException>(() => _behind.ReadAsync(1));
    }

    private async Task<RecordVersion> WriteOnBothAsync(string text)
    {
        var version = (await _behind.WriteAsync(1, Expectation.Absent, text)).Record!.Value.Version;
        Assert.Equal(version, (await _ahead.WriteAsync(1, Expectation.Absent, text)).Record!.Value.Version);
        return version;
    }
}
