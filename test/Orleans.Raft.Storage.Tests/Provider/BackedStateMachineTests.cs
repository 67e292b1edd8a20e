using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Orleans.Raft.Storage.Provider;
using Orleans.Runtime;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Provider;

/// <summary>Payloads in another storage: what it forgets, garbles or delays changes no verdict and no answer (SAFETY-RULES A4, A5).</summary>
public sealed class BackedStateMachineTests
{
    private readonly FakeBacking _backing = new();
    private readonly Others _others = new();
    private MemoryStateStore _store = new();
    private BackedReplica _replica;

    public BackedStateMachineTests() => _replica = Start();

    [Fact]
    public async Task The_engine_keeps_facts_and_the_backing_storage_payloads_and_a_read_needs_both()
    {
        await _replica.WriteAsync(1, Expectation.Absent, "apples");
        Assert.Equal("apples", await _replica.ReadAsync(1));
        var row = Assert.Single(_backing.Rows);
        Assert.StartsWith("cart/", ((BackedPayload)row.Value.State).Grain, StringComparison.Ordinal);
        Assert.DoesNotContain(
            _store.OpenView(1).Scan(default, default), stored => System.Text.Encoding.UTF8.GetString(stored.Value).Contains("apples", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_applied_index_moves_only_when_the_backing_storage_has_acknowledged()
    {
        await _replica.WriteAsync(1, Expectation.Absent, "first");
        var before = _store.GetApplied(1).Position.Index;
        var gate = new TaskCompletionSource();
        _backing.Gate = gate.Task;
        var write = _replica.WriteAsync(2, Expectation.Absent, "second");
        Assert.False(write.IsCompleted);
        Assert.Equal(before, _store.GetApplied(1).Position.Index);
        gate.SetResult();
        await write;
        Assert.Equal(before + 1, _store.GetApplied(1).Position.Index);
    }

    [Fact]
    public async Task A_storage_that_fails_is_tried_again_until_it_takes_the_row()
    {
        _backing.Failures = 3;
        await _replica.WriteAsync(1, Expectation.Absent, "apples");
        Assert.Equal("apples", await _replica.ReadAsync(1));
    }

    // A4: entry 2 was a conflict and entry 3 removed the record; applied again on top of what the backing storage holds by then, both must be judged as before.
    [Fact]
    public async Task A_crash_after_the_projection_and_before_the_batch_repeats_the_same_verdicts()
    {
        var first = await _replica.WriteAsync(1, Expectation.Absent, "kept");
        var crashed = _store.Fork();
        var operations = _replica.Operations;

        async Task<List<GrainVerdict>> Rest() =>
        [
            (await _replica.WriteAsync(1, Expectation.Absent, "refused")).Verdict,
            (await _replica.SendAsync(GrainCommandKind.Delete, 1, Expectation.Exactly(first.Record!.Value.Version))).Verdict,
            (await _replica.WriteAsync(1, Expectation.Absent, "written again")).Verdict,
        ];
        var verdicts = await Rest();
        Assert.Equal([GrainVerdict.Conflict, GrainVerdict.Cleared, GrainVerdict.Written], verdicts);

        _store = crashed;
        _replica = Start();
        _replica.Operations = operations;
        await Assert.ThrowsAsync<StateElsewhereException>(() => _replica.ReadAsync(1));
        Assert.Equal(verdicts, await Rest());
        Assert.Equal("written again", await _replica.ReadAsync(1));
    }

    [Theory]
    [InlineData("deleted")]
    [InlineData("rolled back")]
    [InlineData("garbled")]
    public async Task A_row_that_is_not_what_the_engine_knows_is_not_answered_and_comes_back_from_the_others(string what)
    {
        var first = await _replica.WriteAsync(1, Expectation.Absent, "old");
        var (key, old) = _backing.Rows.Single();
        await _replica.WriteAsync(1, Expectation.Exactly(first.Record!.Value.Version), "new");
        _others.Records = Machine();

        // What the last batch decided is answered without asking anybody; this must not be the last one.
        await _replica.WriteAsync(2, Expectation.Absent, "other");
        switch (what)
        {
            case "deleted":
                _backing.Rows.TryRemove(key, out _);
                break;
            case "rolled back":
                _backing.Rows[key] = old;
                break;
            default:
                ((BackedPayload)_backing.Rows[key].State).Payload![0] ^= 1;
                break;
        }

        await Assert.ThrowsAsync<StateElsewhereException>(() => _replica.ReadAsync(1));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!((BackedPayload?)_backing.Rows.GetValueOrDefault(key).State is { } row && Text(row.Payload!) == "new"))
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.Equal("new", await _replica.ReadAsync(1));
    }

    [Fact]
    public async Task Rows_of_another_life_are_never_met()
    {
        await _replica.WriteAsync(1, Expectation.Absent, "former life");
        _store = new MemoryStateStore();
        _replica = Start(home: 2);
        Assert.Null(await _replica.ReadAsync(1));
        await _replica.WriteAsync(1, Expectation.Absent, "this life");
        Assert.Equal("this life", await _replica.ReadAsync(1));
        Assert.Equal(2, _backing.Rows.Count);
    }

    [Fact]
    public async Task A_late_write_of_a_killed_process_does_not_land_on_top_of_a_newer_one()
    {
        var first = await _replica.WriteAsync(1, Expectation.Absent, "old");
        var (key, old) = _backing.Rows.Single();
        await _replica.WriteAsync(1, Expectation.Exactly(first.Record!.Value.Version), "new");
        var late = new GrainState<BackedPayload>((BackedPayload)old.State, old.ETag);
        await Assert.ThrowsAsync<Orleans.Storage.InconsistentStateException>(() => _backing.WriteStateAsync("raft", key, late));
        Assert.Equal("new", await _replica.ReadAsync(1));
    }

    [Fact]
    public async Task What_a_replaced_generation_left_in_the_storage_is_deleted_by_the_engines_list()
    {
        for (var key = 0; key < 50; key++)
        {
            await _replica.WriteAsync(key, Expectation.Absent, "x");
        }

        Assert.Equal(50, _backing.Rows.Count);
        await _replica.ForgetAsync(1);
        Assert.Empty(_backing.Rows);
    }

    private static string Text(byte[] payload) => System.Text.Encoding.UTF8.GetString(payload);

    private Dictionary<string, GrainRecord> Machine() => _backing.Rows.ToDictionary(
        row => Convert.ToHexString(BackedReplica.Key(1)),
        row => new GrainRecord(
            ((BackedPayload)row.Value.State).ParsedVersion()!.Value, default, true, 0, ((BackedPayload)row.Value.State).Payload!.ToArray()));

    private BackedReplica Start(int home = 1) => new(_backing, _store, others: _others, home: home);

    private sealed class Others : IPayloadSource
    {
        public Dictionary<string, GrainRecord> Records { get; set; } = [];

        public Task<GrainRecord?> FetchAsync(ReadOnlyMemory<byte> recordKey, CancellationToken cancellationToken) =>
            Task.FromResult(Records.TryGetValue(Convert.ToHexString(recordKey.Span), out var record) ? record : (GrainRecord?)null);
    }
}
