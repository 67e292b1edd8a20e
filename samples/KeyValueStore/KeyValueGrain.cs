using Orleans.Concurrency;
using Orleans.Raft;
using Orleans.Storage;

namespace KeyValueStore;

/// <summary>One key. Its state is an ordinary persistent state; that it survives is the provider's work.</summary>
[Alias("kv")]
internal interface IKeyValueGrain : IGrainWithStringKey
{
    /// <summary>The value as of now, whatever this activation remembers.</summary>
    [Alias("get")]
    Task<Reading> Get();

    /// <summary>Stores a value if the condition holds.</summary>
    [Alias("put")]
    Task<Reading> Put([Immutable] byte[] value, Condition condition);

    /// <summary>Removes the value if there is one and the condition holds.</summary>
    [Alias("delete")]
    Task<Reading> Delete(Condition condition);
}

/// <inheritdoc cref="IKeyValueGrain"/>
[GrainType(TypeName)]
internal sealed class KeyValueGrain([PersistentState("value", SiloHost.Provider)] IPersistentState<StoredValue> value) : Grain, IKeyValueGrain
{
    public const string TypeName = "kv";

    /// <summary>How often a change is tried anew when another activation of this key was faster.</summary>
    private const int MaxAttempts = 8;

    public async Task<Reading> Get()
    {
        // What is in memory may be old: another silo may hold a second activation, or this one may have been paused.
        await value.ReadStateAsync();
        return value.RecordExists ? new Reading(Outcome.Found, value.Etag, value.State.Bytes) : new Reading(Outcome.Missing, null, []);
    }

    public Task<Reading> Put(byte[] bytes, Condition condition) => ChangeAsync(condition, mustExist: false, async () =>
    {
        value.State = new StoredValue { Bytes = bytes };
        await value.WriteStateAsync();
        return new Reading(Outcome.Done, value.Etag, []);
    });

    public Task<Reading> Delete(Condition condition) => ChangeAsync(condition, mustExist: true, async () =>
    {
        await value.ClearStateAsync();
        return new Reading(Outcome.Done, null, []);
    });

    private async Task<Reading> ChangeAsync(Condition condition, bool mustExist, Func<Task<Reading>> change)
    {
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                if (Refusal(condition, mustExist) is not null)
                {
                    // Only the stored state may say no; memory is a guess.
                    await value.ReadStateAsync();
                    if (Refusal(condition, mustExist) is { } refusal)
                    {
                        return refusal;
                    }
                }

                try
                {
                    return await change();
                }
                catch (InconsistentStateException) when (attempt < MaxAttempts)
                {
                    await value.ReadStateAsync();
                }
            }
        }
        catch (Exception exception)
        {
            // Memory now holds a value that may never have been stored; the next call starts from what is.
            DeactivateOnIdle();
            if (exception is InconsistentStateException)
            {
                throw new RaftException($"Another activation of this key was faster {MaxAttempts} times.", exception);
            }

            throw;
        }
    }

    private Reading? Refusal(Condition condition, bool mustExist)
    {
        var etag = value.RecordExists ? value.Etag : null;
        return !condition.Holds(etag) ? new Reading(Outcome.PreconditionFailed, etag, [])
            : mustExist && etag is null ? new Reading(Outcome.Missing, null, [])
            : null;
    }
}

/// <summary>What is stored under a key.</summary>
[GenerateSerializer]
[Alias("kv-value")]
internal sealed class StoredValue
{
    /// <summary>The value.</summary>
    [Id(0)]
    public byte[] Bytes { get; set; } = [];
}

/// <summary>How a request ended.</summary>
internal enum Outcome
{
    Found,
    Missing,
    Done,
    PreconditionFailed,
}

/// <summary>Answer of a key.</summary>
[GenerateSerializer]
[Immutable]
[Alias("kv-reading")]
internal sealed record Reading([property: Id(0)] Outcome Outcome, [property: Id(1)] string? ETag, [property: Id(2)] byte[] Value);
