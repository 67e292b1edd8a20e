using Orleans.Raft.Hosting;

namespace Orleans.Raft.Storage.Provider;

/// <content>Queries: facts from the engine, payloads from the storage, never one without the other.</content>
internal sealed partial class BackedStateMachine
{
    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>> QueryAsync(ReplicaPlace place, ReadOnlyMemory<byte> query)
    {
        if (!GrainQuery.TryDecode(query, out var decoded))
        {
            return _machine.Query(place.Rows, query);
        }

        return decoded.Kind switch
        {
            GrainQueryKind.Get => await GetAsync(place, decoded).ConfigureAwait(false),
            GrainQueryKind.List => (await ListAsync(place, decoded).ConfigureAwait(false)).Encode(),
            GrainQueryKind.Export => (await ExportAsync(place, decoded).ConfigureAwait(false)).Encode(),
        };
    }

    private async ValueTask<ReadOnlyMemory<byte>> GetAsync(ReplicaPlace place, GrainQuery query)
    {
        var answer = _machine.Get(place.Rows, query);
        if (answer.Verdict is GrainVerdict.Read && answer.Record is { Exists: true } record)
        {
            answer = answer with { Record = await FillAsync(place, RecordRow.KeyOf(query.Key.Span), record).ConfigureAwait(false) };
        }

        return answer.Encode();
    }

    private async Task<GrainPage> ListAsync(ReplicaPlace place, GrainQuery query)
    {
        var page = new List<KeyedRecord>();
        long bytes = 0;
        foreach (var row in place.Rows.Scan(RecordRow.KeyOf(query.Key.Span)))
        {
            if (!RecordRow.IsRecord(row.Key))
            {
                break;
            }

            var key = RecordRow.RecordKeyOf(row.Key);
            if (RecordRow.Decode(row.Value) is not { Exists: true } facts || key.Span.SequenceEqual(query.Key.Span)
                || await FillAsync(place, row.Key, facts).ConfigureAwait(false) is not { Exists: true } record)
            {
                continue;
            }

            if (page.Count > 0 && bytes + record.Payload.Length > query.PageBytes)
            {
                return new GrainPage(page, IsLast: false);
            }

            page.Add(new KeyedRecord(key, record));
            bytes += key.Length + record.Payload.Length;
        }

        return new GrainPage(page, IsLast: true);
    }

    /// <summary>The record with its payload, or what has become of it meanwhile.</summary>
    /// <exception cref="StateElsewhereException">The storage does not have it.</exception>
    private async Task<GrainRecord?> FillAsync(ReplicaPlace place, byte[] rowKey, GrainRecord record)
    {
        var key = KeyOf(place, rowKey);
        while (true)
        {
            if (_decided.TryGet(place, rowKey, out var decided))
            {
                return decided;
            }

            var stored = record.IsComplete ? await TryReadAsync(key).ConfigureAwait(false) : await ReadAsync(key).ConfigureAwait(false);
            if (stored is not null && stored.Matches(record))
            {
                return record with { Payload = stored.Payload };
            }

            // Was it overtaken between the two reads? The engine's row is looked at before the batch under way, which precedes it.
            GrainRecord? now = place.Rows.Get(rowKey) is { } row ? RecordRow.Decode(row) : null;
            if (now is not { Exists: true } present)
            {
                return now;
            }

            if (present.Version == record.Version && !_decided.TryGet(place, rowKey, out _))
            {
                var missing = Elsewhere(place, key, record, stored);
                return present.IsComplete ? present : throw missing;
            }

            record = present;
        }
    }

    // Where the engine has the payload too, a storage that can't be read is as good as one that has lost the row.
    private async Task<BackedPayload?> TryReadAsync(Orleans.Runtime.GrainId key)
    {
        try
        {
            return await ReadAsync(key).ConfigureAwait(false);
        }
        catch (StateElsewhereException exception)
        {
            LogNotFetched(_logger, exception, _group, key);
            return null;
        }
    }

    private async Task<BackedPayload?> ReadAsync(Orleans.Runtime.GrainId key)
    {
        try
        {
            return await _backing.ReadAsync(key, _stopping.Token).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // Whatever it was, this replica can't answer now, and nothing is wrong with its rows for all that is known.
            throw new StateElsewhereException($"{_group}: row {key} can't be read from the backing storage: {exception.Message}", exception);
        }
    }

    private StateElsewhereException Elsewhere(ReplicaPlace place, Orleans.Runtime.GrainId key, in GrainRecord record, BackedPayload? stored)
    {
        var found = stored is null ? "is missing" : $"has version {stored.Version} and {stored.Payload?.Length ?? 0} bytes, or another checksum";
        if (stored is null || !stored.IsNewerThan(record.Version))
        {
            // A newer row is no damage: it was written before a crash, and its entry is applied again in a moment.
            _metrics.Mismatched(_group.Name);
            LogMismatch(_logger, _group, key, record.Version, found);
            StartRebuild(place);
        }

        return new StateElsewhereException($"{_group}: row {key} of version {record.Version} {found}");
    }
}
