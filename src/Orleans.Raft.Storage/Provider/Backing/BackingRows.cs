using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Orleans.Raft.Hosting;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans.Raft.Storage.Provider;

/// <summary>
/// A replica's payloads in a named grain storage: one row a state, under a key with store id, replica and generation, so that no life ever meets another's rows (SAFETY-RULES A5).
/// Writing is idempotent: the highest version wins, whoever comes late.
/// </summary>
internal sealed partial class BackingRows(string backing, IGrainStorage storage, BackingGate gate, BackingMetrics metrics, TimeProvider time, ILogger logger)
{
    private const string StateName = "raft";

    private static readonly GrainType RowType = GrainType.Create("orleans-raft-row");
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>Key of a state's row: fixed in length, since databases limit it. What a hash could confuse, version and checksum tell apart.</summary>
    public static GrainId KeyOf(ReplicaPlace place, RaftGroupId group, ReadOnlySpan<byte> recordKey)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(recordKey, hash);
        return GrainId.Create(RowType, IdSpan.Create(FormattableString.Invariant(
            $"{place.Home.Store:N}-{place.Home.Replica}-{place.Generation}-{group.Index}-{Convert.ToHexStringLower(hash)}")));
    }

    /// <summary>Reads a row; null where there is none.</summary>
    public async Task<BackedPayload?> ReadAsync(GrainId key, CancellationToken stopping)
    {
        await gate.IsOpen.WaitAsync(stopping).ConfigureAwait(false);
        var state = new GrainState<BackedPayload>();
        await storage.ReadStateAsync(StateName, key, state, stopping).ConfigureAwait(false);
        return state.RecordExists ? state.State : null;
    }

    /// <summary>Stores a payload; completes when it, or a later one, is acknowledged, however often that takes.</summary>
    /// <param name="key">The row's key.</param>
    /// <param name="record">What was decided.</param>
    /// <param name="payload">What is stored.</param>
    /// <param name="keep">Is awaited with what is overwritten, before.</param>
    /// <param name="stopping">Ends the waiting.</param>
    public Task WriteAsync(GrainId key, GrainRecord record, BackedPayload payload, Func<BackedPayload, Task>? keep, CancellationToken stopping) =>
        PersistAsync(key, async state =>
        {
            if (!state.RecordExists || !(state.State!.Matches(record) || state.State.IsNewerThan(record.Version)))
            {
                await KeepAsync(state, keep).ConfigureAwait(false);
                state.State = payload;
                await storage.WriteStateAsync(StateName, key, state, stopping).ConfigureAwait(false);
            }
        }, stopping);

    /// <summary>Removes a row, unless a write later than a version is there; completes when that is acknowledged.</summary>
    public Task ClearAsync(GrainId key, RecordVersion? unlessNewerThan, Func<BackedPayload, Task>? keep, CancellationToken stopping) =>
        PersistAsync(key, async state =>
        {
            if (state.RecordExists && !(unlessNewerThan is { } version && state.State!.IsNewerThan(version)))
            {
                await KeepAsync(state, keep).ConfigureAwait(false);
                await storage.ClearStateAsync(StateName, key, state, stopping).ConfigureAwait(false);
            }
        }, stopping);

    private static Task KeepAsync(GrainState<BackedPayload> state, Func<BackedPayload, Task>? keep) =>
        keep is not null && state is { RecordExists: true, State: { } overwritten } ? keep(overwritten) : Task.CompletedTask;

    // Each round reads the row first: what is there decides, and its ETag keeps a killed process's late write from landing on top.
    private async Task PersistAsync(GrainId key, Func<GrainState<BackedPayload>, Task> change, CancellationToken stopping)
    {
        await gate.IsOpen.WaitAsync(stopping).ConfigureAwait(false);
        var pause = FirstPause;
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                var state = new GrainState<BackedPayload>();
                await storage.ReadStateAsync(StateName, key, state, stopping).ConfigureAwait(false);
                await change(state).ConfigureAwait(false);
                metrics.Persisted(backing, time.GetElapsedTime(started));
                return;
            }
            catch (InconsistentStateException)
            {
                // Somebody of an earlier life was quicker; the next round sees what it left.
                stopping.ThrowIfCancellationRequested();
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stopping.IsCancellationRequested)
            {
                metrics.Failed(backing);
                LogFailed(logger, exception, backing, key, time.GetElapsedTime(started));
                await Task.Delay(pause, time, stopping).ConfigureAwait(false);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    [LoggerMessage(EventId = 10, Level = LogLevel.Warning,
        Message = "Backing storage '{Backing}' did not take row {Key}, tried for {Elapsed}; its group waits for it")]
    private static partial void LogFailed(ILogger logger, Exception exception, string backing, GrainId key, TimeSpan elapsed);
}
