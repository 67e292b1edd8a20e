using Orleans.Raft.Hosting;
using Orleans.Runtime;

namespace Orleans.Raft.Storage.Provider;

/// <summary>One import: writes states where there are none, several at once, and counts. Running it again goes on where it was cut off.</summary>
internal sealed class StateImport(GroupRouter router, int maxStateSize, IProgress<RaftImportProgress>? progress)
{
    private const int Parallelism = 16;
    private const int MaxAttempts = 10;

    private readonly Lock _gate = new();
    private RaftImportProgress _counts;

    /// <summary>Imports what a source gives for each item; null is no state.</summary>
    public async Task<RaftImportProgress> RunAsync<T>(
        IAsyncEnumerable<T> items, Func<T, CancellationToken, ValueTask<ImportedState?>> read, CancellationToken cancellationToken)
    {
        await Parallel.ForEachAsync(
            items,
            new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken },
            async (item, stopping) =>
            {
                var state = await read(item, stopping);
                var isWritten = state is { } found && await TryWriteAsync(found, stopping);
                Count(isFound: state is not null, isWritten);
            });
        return _counts;
    }

    // The same operation each time: what an attempt without an answer wrote is known by it, and is no other's state.
    private async Task<bool> TryWriteAsync(ImportedState state, CancellationToken cancellationToken)
    {
        if (state.Payload.Length > maxStateSize)
        {
            throw new RaftException($"State '{state.StateName}' of grain {state.Grain} is {state.Payload.Length} bytes; this provider takes up to {maxStateSize}.");
        }

        var location = await router.LocateAsync(state.Grain, state.StateName, cancellationToken);
        var operation = OperationIds.Next();
        var command = new GrainCommand(
            GrainCommandKind.Write, location.Slot, location.Groups, operation, Expectation.Absent, location.Key, GrainCommand.ChecksumOf(state.Payload.Span), state.Payload).Encode();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var answer = GrainAnswer.Decode(location.Group.Id, await location.Group.ProposeAsync(command, cancellationToken));
                return answer.Verdict switch
                {
                    GrainVerdict.Written => true,
                    GrainVerdict.Conflict => answer.Record?.Operation == operation,
                    GrainVerdict.Cleared or GrainVerdict.Malformed or GrainVerdict.Read or GrainVerdict.NotOwned =>
                        throw new RaftException($"Group {location.Group.Id} answered {answer.Verdict} to the import of state '{state.StateName}' of grain {state.Grain}."),
                };
            }
            catch (OutcomeUnknownException) when (attempt < MaxAttempts)
            {
                // Written or not: the next attempt is told which.
            }
        }
    }

    private void Count(bool isFound, bool isWritten)
    {
        lock (_gate)
        {
            _counts = new RaftImportProgress(
                _counts.Read + 1,
                _counts.Written + (isWritten ? 1 : 0),
                _counts.Absent + (isFound ? 0 : 1),
                _counts.Kept + (isFound && !isWritten ? 1 : 0));
            progress?.Report(_counts);
        }
    }
}

/// <summary>A state to import.</summary>
/// <param name="Grain">Whose.</param>
/// <param name="StateName">Its name.</param>
/// <param name="Payload">As this provider's serializer writes it.</param>
internal readonly record struct ImportedState(GrainId Grain, string StateName, ReadOnlyMemory<byte> Payload);
