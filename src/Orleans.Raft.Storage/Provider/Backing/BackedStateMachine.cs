using Microsoft.Extensions.Logging;
using Orleans.Raft.Hosting;

namespace Orleans.Raft.Storage.Provider;

/// <summary>
/// The grain states of one group with their payloads in a named grain storage. Verdicts are <see cref="GrainStateMachine"/>'s, from the engine's rows alone; the storage gets
/// what was decided, and what it gives back is believed only if version and checksum are those of the engine's row (SAFETY-RULES A4, A5).
/// </summary>
internal sealed partial class BackedStateMachine : IProjectedStateMachine
{
    /// <summary>Rows of one replica that are on their way to the storage at once.</summary>
    private const int Parallelism = 16;

    private readonly GrainStateMachine _machine;
    private readonly RaftGroupId _group;
    private readonly BackingRows _backing;
    private readonly BackingMetrics _metrics;
    private readonly IPayloadSource _others;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    // Of a storage that dies with any silo the engine keeps the payloads as well; else every silo's loss would take some states from all replicas.
    private readonly bool _keepsPayloads;
    private readonly CancellationTokenSource _stopping = new();

    // What the batch under way has decided. Its rows are committed and already in the storage, or about to be, while the engine's rows are still those before it.
    private volatile DecidedBatch _decided = new(null, new Dictionary<byte[], GrainRecord?>());

    private volatile ReplicaPlace? _place;
    private int _isRebuilding;

    public BackedStateMachine(
        GroupBirth birth, BackingRows backing, BackingMetrics metrics, IPayloadSource others, TimeProvider time, ILogger logger, bool keepsPayloads = false)
    {
        _keepsPayloads = keepsPayloads;
        _machine = new GrainStateMachine(birth);
        _group = birth.Id;
        _backing = backing;
        _metrics = metrics;
        _others = others;
        _time = time;
        _logger = logger;
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Apply(IStateRows rows, CommandPosition position, ReadOnlyMemory<byte> command) => _machine.Apply(rows, position, command);

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Query(IStateReader rows, ReadOnlyMemory<byte> query) =>
        throw new NotSupportedException($"Group {_group}: payloads are in a backing storage; queries are answered by {nameof(QueryAsync)}.");

    /// <inheritdoc/>
    public byte[] Reduce(byte[] key, byte[] value) => RecordRow.IsRecord(key) && !_keepsPayloads ? RecordRow.Encode(RecordRow.Decode(value), withPayload: false) : value;

    /// <inheritdoc/>
    public void Attach(ReplicaPlace place)
    {
        if (_place is null)
        {
            place.Rows.Views.Emptied += period => _ = ForgetKeptAsync(_place!, KeptKeys(period));
        }

        _place = place;
        _ = ForgetKeptAsync(place, KeptPrefix);
        if (!IsWhole(place))
        {
            StartRebuild(place);
        }
    }

    /// <inheritdoc/>
    public async Task ProjectAsync(ReplicaPlace place, IReadOnlyList<DecidedRow> rows)
    {
        var decided = rows.Where(row => RecordRow.IsRecord(row.Key)).ToDictionary(
            row => row.Key, row => row.Value is null ? (GrainRecord?)null : RecordRow.Decode(row.Value), KeyComparer.Instance);
        _decided = new DecidedBatch(place, decided);

        // Who announces a view now sees this batch; who announced one before is seen by it.
        Interlocked.MemoryBarrier();
        var options = new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = _stopping.Token };

        // Different keys in parallel; one key is in a batch once, and batches follow each other.
        await Parallel.ForEachAsync(decided, options, (row, _) => new ValueTask(ProjectAsync(place, row.Key, row.Value))).ConfigureAwait(false);
        if (_place != place)
        {
            // A snapshot has replaced these rows meanwhile, and what was there has been forgotten; so is this.
            await Parallel.ForEachAsync(decided.Keys, options, (key, _) => new ValueTask(_backing.ClearAsync(KeyOf(place, key), null, null, _stopping.Token))).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async Task ForgetAsync(ReplicaPlace place)
    {
        try
        {
            var rows = place.Rows.Scan(RecordRow.KeyOf(default)).TakeWhile(row => RecordRow.IsRecord(row.Key));
            await Parallel.ForEachAsync(
                rows.Select(row => row.Key).ToList(),
                new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = _stopping.Token },
                (key, stopping) => new ValueTask(_backing.ClearAsync(KeyOf(place, key), null, null, stopping))).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The silo stops; rows of a generation that is no more stay behind, and nobody ever reads them.
        }
    }

    /// <inheritdoc/>
    public void Stop() => _stopping.Cancel();

    private Task ProjectAsync(ReplicaPlace place, byte[] rowKey, in GrainRecord? record)
    {
        Task Keep(BackedPayload overwritten) => KeepAsync(place, overwritten);
        return record switch
        {
            { Exists: true } written => _backing.WriteAsync(KeyOf(place, rowKey), written, PayloadOf(rowKey, written), Keep, _stopping.Token),
            { } cleared => _backing.ClearAsync(KeyOf(place, rowKey), cleared.Version, Keep, _stopping.Token),
            null => _backing.ClearAsync(KeyOf(place, rowKey), null, Keep, _stopping.Token),
        };
    }

    private Orleans.Runtime.GrainId KeyOf(ReplicaPlace place, byte[] rowKey) => BackingRows.KeyOf(place, _group, RecordRow.RecordKeyOf(rowKey).Span);

    private static BackedPayload PayloadOf(byte[] rowKey, in GrainRecord record)
    {
        RecordKey.TryParse(RecordRow.RecordKeyOf(rowKey).Span, out var grain, out var state);
        return new BackedPayload
        {
            Grain = grain.ToString(),
            State = state,
            Version = record.Version.ToString(),
            Checksum = record.Checksum.ToString("x16", System.Globalization.CultureInfo.InvariantCulture),
            Payload = record.Payload.ToArray(),
        };
    }

    /// <summary>What a batch decided, and of which place's rows: of another generation's it says nothing.</summary>
    private sealed record DecidedBatch(ReplicaPlace? Place, IReadOnlyDictionary<byte[], GrainRecord?> Rows)
    {
        public bool TryGet(ReplicaPlace place, byte[] rowKey, out GrainRecord? record)
        {
            record = null;
            return place == Place && Rows.TryGetValue(rowKey, out record);
        }
    }

    [LoggerMessage(EventId = 11, Level = LogLevel.Error,
        Message = "{Group}: row {Key} of version {Version} in the backing storage {Found}. Nothing is answered from it; this replica's rows are checked and fetched from the others")]
    private static partial void LogMismatch(ILogger logger, RaftGroupId group, Orleans.Runtime.GrainId key, RecordVersion version, string found);

    [LoggerMessage(EventId = 12, Level = LogLevel.Information, Message = "{Group}: all {Rows} rows in the backing storage are there; {Rebuilt} were fetched from other replicas")]
    private static partial void LogRebuilt(ILogger logger, RaftGroupId group, int rows, int rebuilt);

    [LoggerMessage(EventId = 13, Level = LogLevel.Error,
        Message = "{Group}: {Missing} rows are missing in the backing storage and no other replica has them now; tried again in {Pause}")]
    private static partial void LogMissing(ILogger logger, RaftGroupId group, int missing, TimeSpan pause);

    [LoggerMessage(EventId = 14, Level = LogLevel.Warning, Message = "{Group}: row {Key} could not be checked or fetched")]
    private static partial void LogNotFetched(ILogger logger, Exception exception, RaftGroupId group, Orleans.Runtime.GrainId key);
}
