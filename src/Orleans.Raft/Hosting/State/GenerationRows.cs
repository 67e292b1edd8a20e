namespace Orleans.Raft.Hosting;

/// <summary>A generation's user rows, for whoever works on them beside the replica.</summary>
internal sealed class GenerationRows(IStateStore store, long generation, HeldViews views) : IStateReader
{
    /// <summary>Views that stay open between queries.</summary>
    public HeldViews Views => views;

    /// <summary>Opens a view that stays open between queries.</summary>
    /// <exception cref="StateElsewhereException">There are too many, or the replica stops.</exception>
    public HeldView HoldView() => views.Open(generation);

    /// <inheritdoc/>
    public byte[]? Get(ReadOnlySpan<byte> key) => store.Get(generation, StateKeys.OfUser(key));

    /// <inheritdoc/>
    public IEnumerable<StateRow> Scan(ReadOnlyMemory<byte> from)
    {
        using var view = store.OpenView(generation);
        foreach (var row in Scan(view, from))
        {
            yield return row;
        }
    }

    /// <summary>A view of all rows at one moment.</summary>
    public IStateView OpenView() => store.OpenView(generation);

    /// <summary>User rows of a view.</summary>
    public static IEnumerable<StateRow> Scan(IStateView view, ReadOnlyMemory<byte> from)
    {
        foreach (var row in view.Scan(StateKeys.OfUser(from.Span), new[] { (byte)(StateKeys.User + 1) }))
        {
            yield return new StateRow(row.Key[1..], row.Value);
        }
    }

    /// <summary>What was noted of this replica alone, or null.</summary>
    public byte[]? GetNote(ReadOnlySpan<byte> key) => store.Get(generation, StateKeys.OfLocal(key));

    /// <summary>Deletes the notes whose keys begin alike. Those are deleted that are there at the call.</summary>
    public async ValueTask DeleteNotesAsync(byte[] prefix)
    {
        var first = StateKeys.OfLocal(prefix);
        var batch = new StateBatch(store, generation);
        using (var view = store.OpenView(generation))
        {
            foreach (var row in view.Scan(first, ReadOnlyMemory<byte>.Empty).TakeWhile(row => row.Key.AsSpan().StartsWith(first)))
            {
                batch.Delete(row.Key);
            }
        }

        if (!batch.IsEmpty)
        {
            await store.WriteAsync(batch).ConfigureAwait(false);
        }
    }

    /// <summary>Notes something of this replica alone, which no command decides.</summary>
    public ValueTask NoteAsync(byte[] key, byte[]? value)
    {
        var batch = new StateBatch(store, generation);
        if (value is null)
        {
            batch.Delete(StateKeys.OfLocal(key));
        }
        else
        {
            batch.Put(StateKeys.OfLocal(key), value);
        }

        return store.WriteAsync(batch);
    }
}
