namespace Orleans.Raft.Storage.Provider;

/// <summary>
/// The records of one group in memory, by key and in the order of keys. A point read goes through the hash table; the tree holds the keys alone and changes only
/// when one comes or goes.
/// </summary>
internal sealed class GrainRecords
{
    private readonly Dictionary<byte[], GrainRecord> _byKey;
    private readonly Dictionary<byte[], GrainRecord>.AlternateLookup<ReadOnlySpan<byte>> _lookup;
    private readonly SortedSet<byte[]> _keys = new(KeyComparer.Instance);

    public GrainRecords()
    {
        _byKey = new Dictionary<byte[], GrainRecord>(KeyComparer.Instance);
        _lookup = _byKey.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>Number of records, tombstones included.</summary>
    public int Count => _byKey.Count;

    /// <summary>The record under a key, or null.</summary>
    public GrainRecord? Find(ReadOnlySpan<byte> key) => _lookup.TryGetValue(key, out var record) ? record : null;

    /// <summary>Stores a record; it must own its bytes.</summary>
    public void Set(ReadOnlySpan<byte> key, in GrainRecord record)
    {
        if (!_lookup.TryGetValue(key, out var owned, out _))
        {
            owned = key.ToArray();
            _keys.Add(owned);
        }

        _byKey[owned] = record;
    }

    /// <summary>Forgets a record.</summary>
    public void Remove(ReadOnlySpan<byte> key)
    {
        if (_lookup.Remove(key, out var owned, out _))
        {
            _keys.Remove(owned);
        }
    }

    /// <summary>Existing records after a key, in order.</summary>
    public IEnumerable<KeyedRecord> After(ReadOnlyMemory<byte> key)
    {
        if (_keys.Count == 0 || KeyComparer.Instance.Compare(_keys.Max, key.Span) <= 0)
        {
            yield break;
        }

        // The view begins at the key itself, which may be there or gone by now.
        foreach (var candidate in _keys.GetViewBetween(key.ToArray(), _keys.Max))
        {
            var record = _byKey[candidate];
            if (record.Exists && !key.Span.SequenceEqual(candidate))
            {
                yield return new KeyedRecord(candidate, record);
            }
        }
    }

    private sealed class KeyComparer : IComparer<byte[]>, IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static KeyComparer Instance { get; } = new();

        public int Compare(byte[]? x, byte[]? y) => Compare(x, y.AsSpan());

        public int Compare(byte[]? x, ReadOnlySpan<byte> y) => x.AsSpan().SequenceCompareTo(y);

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            // Seeded per process on purpose: keys come from outside, and nothing depends on the order of the hash table.
            var hash = default(HashCode);
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
