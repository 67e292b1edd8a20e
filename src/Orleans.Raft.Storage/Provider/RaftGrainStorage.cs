using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Serialization.Serializers;
using Orleans.Storage;

namespace Orleans.Raft.Storage.Provider;

/// <summary>
/// Grain storage in the Raft groups of the silos themselves. A write returns once a majority of its group has it on disk; a read sees every write acknowledged
/// before it. ETags are decided by the group when the command is applied, so what this class knows of a state is only ever a proposal.
/// </summary>
internal sealed partial class RaftGrainStorage : IGrainStorage
{
    private readonly string _name;
    private readonly RaftGrainStorageOptions _options;
    private readonly GroupRouter _router;
    private readonly IActivatorProvider _activators;
    private readonly ILogger _logger;
    public RaftGrainStorage(
        string name, RaftGrainStorageOptions options, GroupRouter router, IActivatorProvider activators, ILogger<RaftGrainStorage> logger)
    {
        (_name, _options, _router, _activators, _logger) = (name, options, router, activators, logger);
    }

    /// <inheritdoc/>
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ReadStateAsync(stateName, grainId, grainState, CancellationToken.None);

    /// <inheritdoc/>
    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        WriteStateAsync(stateName, grainId, grainState, CancellationToken.None);

    /// <inheritdoc/>
    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ClearStateAsync(stateName, grainId, grainState, CancellationToken.None);

    /// <inheritdoc/>
    public async Task ReadStateAsync<T>(
        string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        var location = await _router.LocateAsync(grainId, stateName, cancellationToken);
        var query = GrainQuery.Get(location.Slot, location.Groups, location.Key).Encode();
        var bytes = await location.Group.ReadAsync(query, _options.ReadMode, cancellationToken);
        var answer = GrainAnswer.Decode(location.Group.Id, bytes);
        RequireVerdict(answer.Verdict is GrainVerdict.Read, answer, location, stateName, grainId);

        var state = answer.Record is { Exists: true } record
            ? Deserialize<T>(record, location, stateName, grainId)
            : CreateState<T>();

        // All three together and only now: a read that fails leaves the caller's state as it was.
        grainState.State = state;
        grainState.RecordExists = answer.Record is { Exists: true };
        grainState.ETag = Expectation.Parse(grainState.ETag).AfterReading(answer.Record).ToETag();
    }

    /// <inheritdoc/>
    public async Task WriteStateAsync<T>(
        string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        // The state object is the grain's own and may change while this waits, so it becomes bytes before the first await.
        var payload = Serialize(stateName, grainId, grainState.State);
        var expectation = Expectation.Parse(grainState.ETag);
        var location = await _router.LocateAsync(grainId, stateName, cancellationToken);
        var command = new GrainCommand(
            GrainCommandKind.Write,
            location.Slot,
            location.Groups,
            OperationIds.Next(),
            expectation,
            location.Key,
            GrainCommand.ChecksumOf(payload.Span),
            payload);
        var answer = await DecideAsync(command, location, stateName, grainId, grainState, cancellationToken);
        RequireVerdict(answer is { Verdict: GrainVerdict.Written, Record: not null }, answer, location, stateName, grainId);
        grainState.ETag = answer.Record?.Version.ToString();
        grainState.RecordExists = true;
    }

    /// <inheritdoc/>
    public async Task ClearStateAsync<T>(
        string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        // Made first: what fails here must fail before the state is cleared.
        var cleared = CreateState<T>();
        var expectation = Expectation.Parse(grainState.ETag);
        var location = await _router.LocateAsync(grainId, stateName, cancellationToken);
        var command = new GrainCommand(
            _options.DeleteStateOnClear ? GrainCommandKind.Delete : GrainCommandKind.Clear,
            location.Slot,
            location.Groups,
            OperationIds.Next(),
            expectation,
            location.Key,
            Checksum: 0,
            Payload: default);
        var answer = await DecideAsync(command, location, stateName, grainId, grainState, cancellationToken);
        RequireVerdict(answer.Verdict is GrainVerdict.Cleared, answer, location, stateName, grainId);
        grainState.State = cleared;

        // Where a clear leaves nothing, a lost creation may still come after it; the next write accepts that, too.
        grainState.ETag = expectation.AfterReading(answer.Record).ToETag();
        grainState.RecordExists = false;
    }

    /// <summary>Proposes a command and turns what can go wrong into what the caller must know: a conflict, an unknown outcome, or a failure.</summary>
    private async Task<GrainAnswer> DecideAsync<T>(
        GrainCommand command,
        StateLocation location,
        string stateName,
        GrainId grainId,
        IGrainState<T> grainState,
        CancellationToken cancellationToken)
    {
        // From here on a cancellation leaves the outcome open.
        cancellationToken.ThrowIfCancellationRequested();
        GrainAnswer answer;
        var isAnswered = false;
        try
        {
            var bytes = await location.Group.ProposeAsync(command.Encode(), cancellationToken);
            isAnswered = true;
            answer = GrainAnswer.Decode(location.Group.Id, bytes);
        }
        catch (Exception exception) when (isAnswered || exception is not RaftException)
        {
            // Anything but a definite refusal, a cancelled wait and an answer that can't be read included, leaves open whether the command was applied. The state's
            // next write must be accepted on top of either predecessor, or it would be told of a conflict with itself (C1).
            grainState.ETag = command.Expectation.OrWrittenBy(command.Operation, command.Kind is GrainCommandKind.Delete).ToETag();
            LogOutcomeUnknown(_logger, exception, location.Group.Id, stateName, grainId, command.Kind, command.Operation);
            if (isAnswered)
            {
                throw new OutcomeUnknownException($"{command.Kind} of state '{stateName}' of grain {grainId} was decided, and the answer can't be read: {exception.Message}", exception);
            }

            throw;
        }

        return answer.Verdict is GrainVerdict.Conflict
            ? throw new InconsistentStateException(
                $"{command.Kind} of state '{stateName}' of grain {grainId} in group {location.Group.Id}: expected "
                + $"{command.Expectation.ToETag() ?? "no record"}, found {answer.Record?.ToString() ?? "no record"}. Somebody else changed the state; read it again.",
                answer.Record?.Version.ToString(),
                grainState.ETag)
            : answer;
    }

    private ReadOnlyMemory<byte> Serialize<T>(string stateName, GrainId grainId, T state)
    {
        var payload = _options.GrainStorageSerializer.Serialize(state).ToMemory();
        return payload.Length <= _options.MaxStateSize
            ? payload
            : throw new RaftException(
                $"State '{stateName}' of grain {grainId} is {payload.Length} bytes serialized; provider '{_name}' takes up to "
                + $"{nameof(RaftGrainStorageOptions.MaxStateSize)} = {_options.MaxStateSize}. Nothing was written.");
    }

    private T Deserialize<T>(in GrainRecord record, StateLocation location, string stateName, GrainId grainId)
    {
        var checksum = GrainCommand.ChecksumOf(record.Payload.Span);
        return checksum == record.Checksum
            ? _options.GrainStorageSerializer.Deserialize<T>(new BinaryData(record.Payload)) ?? CreateState<T>()
            : throw new RaftException(
                $"State '{stateName}' of grain {grainId} in group {location.Group.Id}, version {record.Version}, {record.Payload.Length} bytes: "
                + $"checksum {record.Checksum:x16} expected, {checksum:x16} found. The answering replica's copy, or what carried it here, is damaged.");
    }

    private T CreateState<T>() => _activators.GetActivator<T>().Create();

    private static void RequireVerdict(bool isExpected, in GrainAnswer answer, StateLocation location, string stateName, GrainId grainId)
    {
        if (!isExpected)
        {
            throw new RaftException(
                $"State '{stateName}' of grain {grainId}: group {location.Group.Id} answered {answer.Verdict}. "
                + "Do all silos run the same release, and is the group this provider's?");
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning,
        Message = "{Group}: the outcome of {Kind} {Operation} of state '{State}' of grain {Grain} is unknown; its next write accepts either predecessor")]
    private static partial void LogOutcomeUnknown(
        ILogger logger, Exception exception, RaftGroupId group, string state, GrainId grain, GrainCommandKind kind, OperationId operation);
}
