using System.Buffers.Binary;
using Orleans.Raft.Hosting;

namespace Orleans.Raft.Storage.Provider;

/// <content>
/// Rebuilding: every payload that the engine's table names and the storage lacks is fetched from another replica, by version and checksum. So it ends after a snapshot, which carries
/// the table alone, and after somebody has deleted rows or put old ones back.
/// </content>
internal sealed partial class BackedStateMachine
{
    private const int RowsAtOnce = 256;

    private static readonly TimeSpan RebuildPause = TimeSpan.FromSeconds(5);

    /// <summary>Key of the note that all rows of this place are in the storage. It goes with snapshots to others, for whom it says nothing.</summary>
    private static readonly byte[] WholeKey = [1];

    private static bool IsWhole(ReplicaPlace place) => place.Rows.GetNote(WholeKey) is { } note && note.AsSpan().SequenceEqual(WholeNote(place));

    private static byte[] WholeNote(ReplicaPlace place)
    {
        var note = new byte[16 + (2 * sizeof(long))];
        place.Home.Store.TryWriteBytes(note);
        BinaryPrimitives.WriteInt64LittleEndian(note.AsSpan(16), place.Home.Replica);
        BinaryPrimitives.WriteInt64LittleEndian(note.AsSpan(24), place.Generation);
        return note;
    }

    private void StartRebuild(ReplicaPlace place)
    {
        if (Interlocked.Exchange(ref _isRebuilding, 1) == 0)
        {
            _ = Task.Run(() => RebuildAsync(place));
        }
    }

    private async Task RebuildAsync(ReplicaPlace place)
    {
        try
        {
            await place.Rows.NoteAsync(WholeKey, null).ConfigureAwait(false);
            while (_place == place && !await TryRebuildAsync(place).ConfigureAwait(false))
            {
                await Task.Delay(RebuildPause, _time, _stopping.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The replica is no more; the missing note has the next start begin again.
        }
        catch (LogStoreException)
        {
            // The state store has stopped, which faults the replica with its next batch.
        }
        finally
        {
            Volatile.Write(ref _isRebuilding, 0);
        }

        if (_place is { } next && next != place && !_stopping.IsCancellationRequested && !IsWhole(next))
        {
            StartRebuild(next);
        }
    }

    private async Task<bool> TryRebuildAsync(ReplicaPlace place)
    {
        var (rows, rebuilt, missing) = (0, 0, 0);
        var after = RecordRow.KeyOf(default);
        while (true)
        {
            var keys = place.Rows.Scan(after).TakeWhile(row => RecordRow.IsRecord(row.Key)).Select(row => row.Key)
                .Where(key => !key.AsSpan().SequenceEqual(after)).Take(RowsAtOnce).ToArray();
            if (keys.Length == 0)
            {
                break;
            }

            await Parallel.ForEachAsync(
                keys,
                new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = _stopping.Token },
                async (key, _) =>
                {
                    var (isThere, wasFetched) = await EnsureAsync(place, key).ConfigureAwait(false);
                    Interlocked.Add(ref missing, isThere ? 0 : 1);
                    Interlocked.Add(ref rebuilt, wasFetched ? 1 : 0);
                }).ConfigureAwait(false);
            rows += keys.Length;
            after = keys[^1];
        }

        _metrics.Rebuilt(_group.Name, rebuilt);
        if (missing > 0)
        {
            LogMissing(_logger, _group, missing, RebuildPause);
            return false;
        }

        await place.Rows.NoteAsync(WholeKey, WholeNote(place)).ConfigureAwait(false);
        LogRebuilt(_logger, _group, rows, rebuilt);
        return true;
    }

    private async Task<(bool IsThere, bool WasFetched)> EnsureAsync(ReplicaPlace place, byte[] rowKey)
    {
        var key = KeyOf(place, rowKey);
        try
        {
            var stored = await _backing.ReadAsync(key, _stopping.Token).ConfigureAwait(false);

            // Read after the storage: what was overtaken meanwhile is there by its own entry.
            if (place.Rows.Get(rowKey) is not { } row || RecordRow.Decode(row) is not { Exists: true } record
                || (stored is not null && (stored.Matches(record) || stored.IsNewerThan(record.Version))))
            {
                return (true, false);
            }

            if (_decided.TryGet(place, rowKey, out var decided))
            {
                // Of the last batch, so its payload is still here; a batch under way writes the same.
                await ProjectAsync(place, rowKey, decided).ConfigureAwait(false);
                return (true, true);
            }

            if (record.IsComplete)
            {
                await ProjectAsync(place, rowKey, record).ConfigureAwait(false);
                return (true, true);
            }

            var found = await _others.FetchAsync(RecordRow.RecordKeyOf(rowKey), _stopping.Token).ConfigureAwait(false);
            if (found is { } fetched && fetched.Version == record.Version && GrainCommand.ChecksumOf(fetched.Payload.Span) == record.Checksum)
            {
                await _backing.WriteAsync(key, record, PayloadOf(rowKey, record with { Payload = fetched.Payload }), null, _stopping.Token).ConfigureAwait(false);
                return (true, true);
            }

            // The others are ahead, and what makes this row superfluous comes by the log; or they lack it as well.
            return (place.Rows.Get(rowKey) is not { } again || RecordRow.Decode(again).Version != record.Version, false);
        }
        catch (Exception exception) when (!_stopping.IsCancellationRequested)
        {
            LogNotFetched(_logger, exception, _group, key);
            return (false, false);
        }
    }
}
