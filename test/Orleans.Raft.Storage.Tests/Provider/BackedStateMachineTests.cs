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
    private static readonly RaftGroupId Group = new("raft", 0);
    private static readonly ConfState Alone = ConfState.Of([new ReplicaId(1)]);

    private readonly FakeBacking _backing = new();
    private readonly Others _others = new();
    private MemoryStateStore _store = new();
    private ReplicaState _state;
    private long _index;
    private ulong _operations;

    public BackedStateMachineTests() => _state = Start();

    [Fact]
    public async Task The_engine_keeps_facts_and_the_backing_storage_payloads_and_a_read_needs_both()
    {
        await WriteAsync(1, Expectation.Absent, "apples");
        Assert.Equal("apples", await ReadAsync(1));
        var row = Assert.Single(_backing.Rows);
        Assert.StartsWith("cart/", ((BackedPayload)row.Value.State).Grain, StringComparison.Ordinal);
        Assert.DoesNotContain(
            _store.OpenView(1).Scan(default, default), stored => System.Text.Encoding.UTF8.GetString(stored.Value).Contains("apples", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_applied_index_moves_only_when_the_backing_storage_has_acknowledged()
    {
        await WriteAsync(1, Expectation.Absent, "first");
        var before = _store.GetApplied(1).Position.Index;
        var gate = new TaskCompletionSource();
        _backing.Gate = gate.Task;
        var write = WriteAsync(2, Expectation.Absent, "second");
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
        await WriteAsync(1, Expectation.Absent, "apples");
        Assert.Equal("apples", await ReadAsync(1));
    }

    // A4: entry 2 was a conflict and entry 3 removed the record; applied again on top of what the backing storage holds by then, both must be judged as before.
    [Fact]
    public async Task A_crash_after_the_projection_and_before_the_batch_repeats_the_same_verdicts()
    {
        var first = await WriteAsync(1, Expectation.Absent, "kept");
        var crashed = _store.Fork();
        var (operations, index) = (_operations, _index);

        async Task<List<GrainVerdict>> Rest() =>
        [
            (await WriteAsync(1, Expectation.Absent, "refused")).Verdict,
            (await SendAsync(GrainCommandKind.Delete, 1, Expectation.Exactly(first.Record!.Value.Version))).Verdict,
            (await WriteAsync(1, Expectation.Absent, "written again")).Verdict,
        ];
        var verdicts = await Rest();
        Assert.Equal([GrainVerdict.Conflict, GrainVerdict.Cleared, GrainVerdict.Written], verdicts);

        (_store, _operations, _index) = (crashed, operations, index);
        _state = Start();
        await Assert.ThrowsAsync<StateElsewhereException>(() => ReadAsync(1));
        Assert.Equal(verdicts, await Rest());
        Assert.Equal("written again", await ReadAsync(1));
    }

    [Theory]
    [InlineData("deleted")]
    [InlineData("rolled back")]
    [InlineData("garbled")]
    public async Task A_row_that_is_not_what_the_engine_knows_is_not_answered_and_comes_back_from_the_others(string what)
    {
        var first = await WriteAsync(1, Expectation.Absent, "old");
        var (key, old) = _backing.Rows.Single();
        await WriteAsync(1, Expectation.Exactly(first.Record!.Value.Version), "new");
        _others.Records = Machine();

        // What the last batch decided is answered without asking anybody; this must not be the last one.
        await WriteAsync(2, Expectation.Absent, "other");
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

        await Assert.ThrowsAsync<StateElsewhereException>(() => ReadAsync(1));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!((BackedPayload?)_backing.Rows.GetValueOrDefault(key).State is { } row && Text(row.Payload!) == "new"))
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.Equal("new", await ReadAsync(1));
    }

    [Fact]
    public async Task Rows_of_another_life_are_never_met()
    {
        await WriteAsync(1, Expectation.Absent, "former life");
        (_store, _index) = (new MemoryStateStore(), 0);
        _state = Start(store: 2);
        Assert.Null(await ReadAsync(1));
        await WriteAsync(1, Expectation.Absent, "this life");
        Assert.Equal("this life", await ReadAsync(1));
        Assert.Equal(2, _backing.Rows.Count);
    }

    [Fact]
    public async Task A_late_write_of_a_killed_process_does_not_land_on_top_of_a_newer_one()
    {
        var first = await WriteAsync(1, Expectation.Absent, "old");
        var (key, old) = _backing.Rows.Single();
        await WriteAsync(1, Expectation.Exactly(first.Record!.Value.Version), "new");
        var late = new GrainState<BackedPayload>((BackedPayload)old.State, old.ETag);
        await Assert.ThrowsAsync<Orleans.Storage.InconsistentStateException>(() => _backing.WriteStateAsync("raft", key, late));
        Assert.Equal("new", await ReadAsync(1));
    }

    [Fact]
    public async Task What_a_replaced_generation_left_in_the_storage_is_deleted_by_the_engines_list()
    {
        for (var key = 0; key < 50; key++)
        {
            await WriteAsync(key, Expectation.Absent, "x");
        }

        Assert.Equal(50, _backing.Rows.Count);
        await _state.ForgetAsync(1);
        Assert.Empty(_backing.Rows);
    }

    private static byte[] Key(int number) => RecordKey.Create(GrainId.Create("cart", $"{number}"), "s");

    private static string Text(byte[] payload) => System.Text.Encoding.UTF8.GetString(payload);

    private Dictionary<string, GrainRecord> Machine() => _backing.Rows.ToDictionary(
        row => Convert.ToHexString(Key(1)),
        row => new GrainRecord(
            ((BackedPayload)row.Value.State).ParsedVersion()!.Value, default, true, 0, ((BackedPayload)row.Value.State).Payload!.ToArray()));

    private ReplicaState Start(int store = 1)
    {
        var gate = new BackingGate();
        gate.Open();
        var metrics = new BackingMetrics(null);
        var rows = new BackingRows("fake", _backing, gate, metrics, TimeProvider.System, NullLogger.Instance);
        var machine = new BackedStateMachine(LocalGroup.Single, rows, metrics, _others, TimeProvider.System, NullLogger.Instance);
        var state = ReplicaState.Of(machine, _store, 1, new ReplicaHome(new Guid(store, 0, 0, new byte[8]), 1));
        state.Load(1);
        return state;
    }

    private Task<GrainAnswer> WriteAsync(int key, Expectation expectation, string text) =>
        SendAsync(GrainCommandKind.Write, key, expectation, System.Text.Encoding.UTF8.GetBytes(text));

    private async Task<GrainAnswer> SendAsync(GrainCommandKind kind, int key, Expectation expectation, byte[]? payload = null)
    {
        payload ??= [];
        var command = new GrainCommand(
            kind, 0, 1, new OperationId(7, ++_operations), expectation, Key(key), kind is GrainCommandKind.Write ? GrainCommand.ChecksumOf(payload) : 0, payload);
        var answer = GrainAnswer.Decode(Group, _state.Apply(new CommandPosition(1, ++_index, 0), command.Encode()));
        await _state.CommitAsync(new EntryId(1, _index), Alone);
        return answer;
    }

    private async Task<string?> ReadAsync(int key)
    {
        var answer = GrainAnswer.Decode(Group, await _state.QueryAsync(GrainQuery.Get(0, 1, Key(key)).Encode()));
        return answer.Record is { } record ? Text(record.Payload.ToArray()) : null;
    }

    private sealed class Others : IPayloadSource
    {
        public Dictionary<string, GrainRecord> Records { get; set; } = [];

        public Task<GrainRecord?> FetchAsync(ReadOnlyMemory<byte> recordKey, CancellationToken cancellationToken) =>
            Task.FromResult(Records.TryGetValue(Convert.ToHexString(recordKey.Span), out var record) ? record : (GrainRecord?)null);
    }
}
