using System.Collections.Concurrent;
using Orleans.Raft.Storage.Provider;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans.Raft.Storage.Tests.Provider;

/// <summary>Somebody else's grain storage in memory, with ETags; fails, hangs and is changed behind the back on request.</summary>
internal sealed class FakeBacking : IGrainStorage
{
    private int _etags;

    /// <summary>Rows by key.</summary>
    public ConcurrentDictionary<GrainId, (object State, string ETag)> Rows { get; } = new();

    /// <summary>Writes and clears in the order in which they were acknowledged.</summary>
    public ConcurrentQueue<string> Changes { get; } = new();

    /// <summary>How many of the next changes fail.</summary>
    public int Failures { get; set; }

    /// <summary>Changes wait for it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var isThere = Rows.TryGetValue(grainId, out var row);
        (grainState.State, grainState.ETag, grainState.RecordExists) = isThere ? ((T)row.State, row.ETag, true) : (default!, null, false);
        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ChangeAsync(grainId, grainState.ETag, grainState.State!, $"write {(grainState.State as BackedPayload)?.Version}");

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => ChangeAsync(grainId, grainState.ETag, null, "clear");

    private async Task ChangeAsync(GrainId key, string? etag, object? state, string what)
    {
        await Gate;
        if (Failures > 0)
        {
            Failures--;
            throw new IOException("the database is away");
        }

        var isThere = Rows.TryGetValue(key, out var row);
        if (etag != (isThere ? row.ETag : null))
        {
            throw new InconsistentStateException("somebody else", row.ETag, etag);
        }

        Changes.Enqueue(what);
        if (state is null)
        {
            Rows.TryRemove(key, out _);
        }
        else
        {
            Rows[key] = (state, $"{Interlocked.Increment(ref _etags)}");
        }
    }
}
