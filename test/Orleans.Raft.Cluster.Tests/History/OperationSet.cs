using System.Numerics;

namespace Orleans.Raft.Cluster.Tests.History;

/// <summary>A set of operations by number, equal to another one with the same members.</summary>
public sealed class OperationSet : IEquatable<OperationSet>
{
    private const int WordBits = 64;

    private readonly ulong[] _words;

    /// <summary>An empty set for so many operations.</summary>
    public OperationSet(int capacity) => _words = new ulong[(capacity / WordBits) + 1];

    private OperationSet(ulong[] words) => _words = words;

    /// <summary>The lowest number that is not in it.</summary>
    public int FirstMissing
    {
        get
        {
            var word = Array.FindIndex(_words, word => word != ulong.MaxValue);
            return word < 0 ? _words.Length * WordBits : (word * WordBits) + BitOperations.TrailingZeroCount(~_words[word]);
        }
    }

    public bool Contains(int operation) => (_words[operation / WordBits] & (1UL << (operation % WordBits))) != 0;

    public void Add(int operation) => _words[operation / WordBits] |= 1UL << (operation % WordBits);

    public void Remove(int operation) => _words[operation / WordBits] &= ~(1UL << (operation % WordBits));

    public OperationSet Copy() => new([.. _words]);

    public bool Equals(OperationSet? other) => other is not null && _words.AsSpan().SequenceEqual(other._words);

    public override bool Equals(object? obj) => Equals(obj as OperationSet);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var word in _words)
        {
            hash.Add(word);
        }

        return hash.ToHashCode();
    }
}
