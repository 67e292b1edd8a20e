using Orleans.Concurrency;
using Orleans.Raft;
using Orleans.Storage;

namespace KeyValueStore;

/// <summary>One key. Its state is an ordinary persistent state; that it survives is the provider's work.</summary>
[Alias("kv")]
internal interface IKeyValueGrain : IGrainWithStringKey
{
    /// <summary>How long a caller waits for an answer: somewhat longer than storage tries, which is ten seconds, so that storage's answer comes first.</summary>
    public const string Timeout = "00:00:12";

    /// <summary>The value as of now, whatever this activation remembers.</summary>
    [Alias("get")]
    [ResponseTimeout(Timeout)]
    Task<Reading> Get();

    /// <summary>Stores a value if the condition holds. A request with a name that was done already is not done again.</summary>
    [Alias("put")]
    [ResponseTimeout(Timeout)]
    Task<Reading> Put([Immutable] byte[] value, Condition condition, string? request);

    /// <summary>Removes the value if there is one and the condition holds. A request with a name that was done already is not done again.</summary>
    [Alias("delete")]
    [ResponseTimeout(Timeout)]
    Task<Reading> Delete(Condition condition, string? request);
}

/// <inheritdoc cref="IKeyValueGrain"/>
[GrainType(TypeName)]
internal sealed class KeyValueGrain([PersistentState("value", SiloHost.Provider)] IPersistentState<StoredValue> value) : Grain, IKeyValueGrain
{
    public const string TypeName = "kv";

    /// <summary>How often a change is tried anew when another activation of this key was faster.</summary>
    private const int MaxAttempts = 8;

    /// <summary>How long a deleted key remembers the request that deleted it.</summary>
    private static readonly TimeSpan RememberFor = TimeSpan.FromMinutes(10);

    private IGrainTimer? _forgetting;

    private bool Exists => value is { RecordExists: true, State.IsDeleted: false };

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        ForgetLater();
        return Task.CompletedTask;
    }

    public async Task<Reading> Get()
    {
        // What is in memory may be old: another silo may hold a second activation, or this one may have been paused.
        await value.ReadStateAsync();
        return Exists ? new Reading(Outcome.Found, value.Etag, value.State.Bytes) : new Reading(Outcome.Missing, null, []);
    }

    public Task<Reading> Put(byte[] bytes, Condition condition, string? request)
    {
        return ChangeAsync(() => IsDone() ? new Reading(Outcome.Done, value.Etag, []) : null, () => Refusal(condition, mustExist: false), async () =>
        {
            value.State = new StoredValue { Bytes = bytes, Request = request };
            await value.WriteStateAsync();
            return new Reading(Outcome.Done, value.Etag, []);
        });

        bool IsDone() => request is not null && Exists && value.State.Request == request && value.State.Bytes.AsSpan().SequenceEqual(bytes);
    }

    public Task<Reading> Delete(Condition condition, string? request)
    {
        return ChangeAsync(() => IsDone() ? new Reading(Outcome.Done, null, []) : null, () => Refusal(condition, mustExist: true), async () =>
        {
            if (request is null)
            {
                await value.ClearStateAsync();
            }
            else
            {
                // Who asks again is told the same; so the name of the request stays for a while where the value was.
                value.State = new StoredValue { IsDeleted = true, Request = request };
                await value.WriteStateAsync();
                ForgetLater();
            }

            return new Reading(Outcome.Done, null, []);
        });

        bool IsDone() => request is not null && value is { RecordExists: true, State.IsDeleted: true } && value.State.Request == request;
    }

    private async Task<Reading> ChangeAsync(Func<Reading?> before, Func<Reading?> refuse, Func<Task<Reading>> change)
    {
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                if (before() is { } done)
                {
                    return done;
                }

                if (refuse() is not null)
                {
                    // Only the stored state may say no; memory is a guess.
                    await value.ReadStateAsync();
                    if ((before() ?? refuse()) is { } answer)
                    {
                        return answer;
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
        var etag = Exists ? value.Etag : null;
        return !condition.Holds(etag) ? new Reading(Outcome.PreconditionFailed, etag, [])
            : mustExist && etag is null ? new Reading(Outcome.Missing, null, [])
            : null;
    }

    private void ForgetLater()
    {
        if (value is { RecordExists: true, State.IsDeleted: true })
        {
            _forgetting?.Dispose();
            _forgetting = this.RegisterGrainTimer(ForgetAsync, RememberFor, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task ForgetAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (value is { RecordExists: true, State.IsDeleted: true })
            {
                await value.ClearStateAsync();
            }
        }
        catch (Exception exception) when (Failure.IsExpected(exception))
        {
            // It may have been stored anew elsewhere; the next call sees what is.
            DeactivateOnIdle();
        }
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

    /// <summary>True if nothing is stored any more, and only the request that deleted it is remembered.</summary>
    [Id(1)]
    public bool IsDeleted { get; set; }

    /// <summary>The name of the request that made this, if it had one.</summary>
    [Id(2)]
    public string? Request { get; set; }
}

/// <summary>How a request ended.</summary>
internal enum Outcome
{
    Found,
    Missing,
    Done,
    PreconditionFailed,
    NotModified,
}

/// <summary>Answer of a key.</summary>
[GenerateSerializer]
[Immutable]
[Alias("kv-reading")]
internal sealed record Reading([property: Id(0)] Outcome Outcome, [property: Id(1)] string? ETag, [property: Id(2)] byte[] Value);
