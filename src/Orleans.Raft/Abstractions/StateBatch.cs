namespace Orleans.Raft;

/// <summary>
/// Rows and applied record of one generation that become visible together. Reads through the batch see what it already changed, so
/// that the second of two commands on one key meets the first one's result (SAFETY-RULES A13).
/// </summary>
public sealed class StateBatch
{
    private readonly IStateStore _store;
    private readonly Dictionary<byte[], byte[]?> _rows = new(KeyComparer.Instance);
    private readonly Dictionary<byte[], byte[]?>.AlternateLookup<ReadOnlySpan<byte>> _lookup;

    /// <summary>Creates an empty batch for a generation of a store.</summary>
    public StateBatch(IStateStore store, long generation)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentOutOfRangeException.ThrowIfLessThan(generation, 1);
        _store = store;
        _lookup = _rows.GetAlternateLookup<ReadOnlySpan<byte>>();
        Generation = generation;
    }

    /// <summary>Whose rows these are.</summary>
    public long Generation { get; }

    /// <summary>Changed rows, each key once; null is a deletion.</summary>
    public IReadOnlyDictionary<byte[], byte[]?> Rows => _rows;

    /// <summary>Applied record to store with the rows, or null to leave it as it is.</summary>
    public AppliedState? Applied { get; set; }

    /// <summary>True when there is nothing to write.</summary>
    public bool IsEmpty => _rows.Count == 0 && Applied is null;

    /// <summary>The row's value as of the operations so far, or null where there is none.</summary>
    public byte[]? Get(ReadOnlySpan<byte> key) => _lookup.TryGetValue(key, out var value) ? value : _store.Get(Generation, key);

    /// <summary>Stores a row. The value is kept, not copied.</summary>
    public void Put(ReadOnlySpan<byte> key, byte[] value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _lookup[key] = value;
    }

    /// <summary>Deletes a row, if there is one.</summary>
    public void Delete(ReadOnlySpan<byte> key) => _lookup[key] = null;

    /// <summary>Empties the batch for its next use.</summary>
    public void Clear()
    {
        _rows.Clear();
        Applied = null;
    }
}
