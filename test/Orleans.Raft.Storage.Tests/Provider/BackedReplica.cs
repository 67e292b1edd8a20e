using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Orleans.Raft.Storage.Provider;
using Orleans.Runtime;

namespace Orleans.Raft.Storage.Tests.Provider;

/// <summary>One replica's state with its payloads in a fake grain storage, through the code that a replica uses.</summary>
internal sealed class BackedReplica
{
    private static readonly RaftGroupId Group = new("raft", 0);
    private static readonly ConfState Alone = ConfState.Of([new ReplicaId(1)]);
    private readonly ReplicaState _state;
    private readonly MemoryStateStore _store;
    private long _index;

    /// <summary>Starts on what is in a store.</summary>
    /// <param name="backing">Where the payloads go.</param>
    /// <param name="store">Where the facts go.</param>
    /// <param name="keepsPayloads">The engine keeps the payloads, too.</param>
    /// <param name="others">Where lost payloads come from; nowhere by default.</param>
    /// <param name="home">Number of the silo's store.</param>
    public BackedReplica(FakeBacking backing, MemoryStateStore store, bool keepsPayloads = false, IPayloadSource? others = null, int home = 1)
    {
        _store = store;
        var gate = new BackingGate();
        gate.Open();
        var metrics = new BackingMetrics(null);
        var rows = new BackingRows("fake", backing, gate, metrics, TimeProvider.System, NullLogger.Instance);
        var machine = new BackedStateMachine(
            LocalGroup.Single, rows, metrics, others ?? new Nobody(), TimeProvider.System, NullLogger.Instance, keepsPayloads);
        _state = ReplicaState.Of(machine, store, 1, new ReplicaHome(new Guid(home, 0, 0, new byte[8]), 1));
        _index = _state.Load(1).Position.Index;
    }

    /// <summary>Operations that were sent; set, to send the same ones again.</summary>
    public ulong Operations { get; set; }

    public Task<GrainAnswer> WriteAsync(int key, Expectation expectation, string text) =>
        SendAsync(GrainCommandKind.Write, key, expectation, System.Text.Encoding.UTF8.GetBytes(text));

    public async Task<GrainAnswer> SendAsync(GrainCommandKind kind, int key, Expectation expectation, byte[]? payload = null)
    {
        payload ??= [];
        var command = new GrainCommand(
            kind, 0, 1, new OperationId(7, ++Operations), expectation, Key(key), kind is GrainCommandKind.Write ? GrainCommand.ChecksumOf(payload) : 0, payload);
        var answer = GrainAnswer.Decode(Group, _state.Apply(new CommandPosition(1, ++_index, 0), command.Encode()));
        await _state.CommitAsync(new EntryId(1, _index), Alone);
        return answer;
    }

    public async Task<string?> ReadAsync(int key)
    {
        var answer = GrainAnswer.Decode(Group, await _state.QueryAsync(GrainQuery.Get(0, 1, Key(key)).Encode()));
        return answer.Record is { } record ? Text(record) : null;
    }

    /// <summary>Installs another replica's state under a generation, as a snapshot brings it: facts without payloads.</summary>
    public async Task InstallAsync(BackedReplica other, long generation)
    {
        var batch = new StateBatch(_store, generation) { Applied = other._store.GetApplied(1) };
        foreach (var row in other._store.OpenView(1).Scan(default, default))
        {
            batch.Put(row.Key, row.Value);
        }

        await _store.WriteAsync(batch);
        _index = _state.Load(generation).Position.Index;
    }

    public Task ForgetAsync(long generation) => _state.ForgetAsync(generation);

    public async Task<ExportPage> ExportAsync(ExportPage? before, int pageBytes) => ExportPage.Decode(
        Group, await _state.QueryAsync(GrainQuery.Export(before?.View ?? default, before?.Next ?? default, pageBytes).Encode()));

    public static string Text(GrainRecord record) => System.Text.Encoding.UTF8.GetString(record.Payload.Span);

    public static byte[] Key(int number) => RecordKey.Create(GrainId.Create("cart", $"{number}"), "s");

    private sealed class Nobody : IPayloadSource
    {
        public Task<GrainRecord?> FetchAsync(ReadOnlyMemory<byte> recordKey, CancellationToken cancellationToken) => Task.FromResult<GrainRecord?>(null);
    }
}
