using System.Buffers.Binary;
using Orleans.Raft.Hosting;

namespace Orleans.Raft.Storage.Provider;

/// <content>
/// Exports: a view shows the facts as of one index, while the storage has the newest payloads only. So what is overwritten while a view may still show it is first noted in the
/// engine, for this replica alone, and forgotten with the last view.
/// </content>
internal sealed partial class BackedStateMachine
{
    private static readonly byte[] KeptPrefix = [2];
    private static readonly TimeSpan VisiblePause = TimeSpan.FromMilliseconds(5);

    private static byte[] KeptKeys(long period)
    {
        var key = new byte[1 + sizeof(long)];
        key[0] = KeptPrefix[0];
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(1), period);
        return key;
    }

    private static byte[] KeptKey(long period, RecordVersion version)
    {
        var prefix = KeptKeys(period);
        var key = new byte[prefix.Length + RecordVersion.Size];
        prefix.CopyTo(key, 0);
        version.WriteTo(key.AsSpan(prefix.Length));
        return key;
    }

    private async Task<ExportPage> ExportAsync(ReplicaPlace place, GrainQuery query)
    {
        if (query.PageBytes == 0)
        {
            place.Rows.Views.Close(query.View);
            return ExportPage.Closed(query.View);
        }

        var view = query.View == Guid.Empty ? await HoldViewAsync(place).ConfigureAwait(false) : place.Rows.Views.Find(query.View);
        var facts = ExportPage.Read(view, query);
        var records = new List<KeyedRecord>();
        long bytes = 0;

        // How large the payloads are is known when they are here, so that only so many are fetched at once.
        foreach (var chunk in facts.Page.Records.Chunk(Parallelism))
        {
            var filled = await Task.WhenAll(chunk.Select(item => FillAsOfViewAsync(place, item))).ConfigureAwait(false);
            foreach (var item in filled)
            {
                if (records.Count > 0 && bytes + item.Record.Payload.Length > query.PageBytes)
                {
                    return new ExportPage(view.Id, view.Index, records[^1].Key, new GrainPage(records, IsLast: false));
                }

                records.Add(item);
                bytes += item.Key.Length + item.Record.Payload.Length;
            }
        }

        return facts with { Page = facts.Page with { Records = records } };
    }

    private async Task<KeyedRecord> FillAsOfViewAsync(ReplicaPlace place, KeyedRecord item) =>
        item.Record.IsComplete ? item : item with { Record = await FillAsOfViewAsync(place, item.Key, item.Record).ConfigureAwait(false) };

    // A batch under way may overwrite without keeping, if it began before the announcement; so the view is opened when that batch is a part of it.
    private async Task<HeldView> HoldViewAsync(ReplicaPlace place)
    {
        var views = place.Rows.Views;
        views.Reserve();
        try
        {
            var underWay = _decided;
            while (underWay.Place == place && !underWay.Rows.All(row => IsVisible(place, row.Key, row.Value)))
            {
                await Task.Delay(VisiblePause, _time, _stopping.Token).ConfigureAwait(false);
            }

            return place.Rows.HoldView();
        }
        finally
        {
            views.Release();
        }
    }

    private static bool IsVisible(ReplicaPlace place, byte[] rowKey, in GrainRecord? decided)
    {
        var row = place.Rows.Get(rowKey);
        return decided is { } record
            ? row is not null && RecordRow.Decode(row).Version is var version && (version.Index, version.Offset).CompareTo((record.Version.Index, record.Version.Offset)) >= 0
            : row is null;
    }

    private async Task<GrainRecord> FillAsOfViewAsync(ReplicaPlace place, ReadOnlyMemory<byte> recordKey, GrainRecord record)
    {
        var key = BackingRows.KeyOf(place, _group, recordKey.Span);
        if (Kept(place, record) is { } early)
        {
            return early;
        }

        var stored = await ReadAsync(key).ConfigureAwait(false);
        if (stored is not null && stored.Matches(record))
        {
            return record with { Payload = stored.Payload };
        }

        // Overwritten between the two looks, and then kept before; or lost, and then the others may still have it.
        if (Kept(place, record) is { } late)
        {
            return late;
        }

        var fetched = await _others.FetchAsync(recordKey, _stopping.Token).ConfigureAwait(false);
        return fetched is { IsComplete: true } other && other.Version == record.Version
            ? record with { Payload = other.Payload }
            : throw new StateElsewhereException($"{_group}: the payload of row {key}, version {record.Version}, is not there any more");
    }

    private static GrainRecord? Kept(ReplicaPlace place, in GrainRecord record)
    {
        var kept = record with { Payload = place.Rows.GetNote(KeptKey(place.Rows.Views.Period, record.Version)) };
        return kept.Payload.IsEmpty || !kept.IsComplete ? null : kept;
    }

    private async Task KeepAsync(ReplicaPlace place, BackedPayload overwritten)
    {
        if (overwritten.Payload is not null && overwritten.ParsedVersion() is { } version && place.Rows.Views.Show(version.Index))
        {
            await place.Rows.NoteAsync(KeptKey(place.Rows.Views.Period, version), overwritten.Payload).ConfigureAwait(false);
        }
    }

    // Also what a process that died had kept, or another replica whose snapshot this is.
    private async Task ForgetKeptAsync(ReplicaPlace place, byte[] prefix)
    {
        try
        {
            await place.Rows.DeleteNotesAsync(prefix).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is LogStoreException or ObjectDisposedException)
        {
            // The state store has stopped; the next start forgets it.
        }
    }
}
