using System;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Orleans.Raft.Core;

/// <summary>One entry of the replicated log. Never compare entries (the data is a slice); compare <see cref="Id"/>.</summary>
[Experimental("ORLEANSRAFT001")]
public readonly struct Entry
{
    /// <summary>Creates an entry.</summary>
    /// <param name="term">Term of the leader that wrote it.</param>
    /// <param name="index">1-based index.</param>
    /// <param name="type">What the data means.</param>
    /// <param name="data">Payload; must not change as long as the entry is in use.</param>
    public Entry(long term, long index, EntryType type, ReadOnlyMemory<byte> data)
    {
        Term = term;
        Index = index;
        Type = type;
        Data = data;
    }

    /// <summary>Term of the leader that wrote the entry.</summary>
    public long Term { get; }

    /// <summary>1-based index.</summary>
    public long Index { get; }

    /// <summary>What <see cref="Data"/> means.</summary>
    public EntryType Type { get; }

    /// <summary>Payload.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>Term and index.</summary>
    public EntryId Id => new(Term, Index);

    /// <inheritdoc/>
    public override string ToString() => $"{Term}/{Index} {Type} {Data.Length} B \"{Preview(Data.Span)}\"";

    private static string Preview(ReadOnlySpan<byte> data)
    {
        var text = new StringBuilder();
        foreach (var b in data[..Math.Min(data.Length, 16)])
        {
            text.Append(b is >= 0x20 and < 0x7f ? (char)b : '.');
        }

        return text.ToString();
    }
}
