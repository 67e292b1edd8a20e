using System.Buffers.Binary;

namespace Orleans.Raft.Storage.Engine;

/// <summary>Keys in the database: a kind, the generation in ascending order of its bytes, then the row's own key.</summary>
internal static class StateKeys
{
    /// <summary>Kind and generation before a row's key.</summary>
    public const int PrefixSize = 9;

    private const byte AppliedKind = 1;
    private const byte RowKind = 2;

    /// <summary>Under this key stands whose database it is.</summary>
    public static ReadOnlySpan<byte> Owner => [0];

    /// <summary>First key of the applied records.</summary>
    public static ReadOnlySpan<byte> FirstApplied => [AppliedKind];

    public static byte[] Applied(long generation)
    {
        var key = new byte[PrefixSize];
        Write(key, AppliedKind, generation);
        return key;
    }

    /// <summary>First key that a generation's rows can have.</summary>
    public static byte[] FirstRow(long generation)
    {
        var key = new byte[PrefixSize];
        Write(key, RowKind, generation);
        return key;
    }

    public static void WriteRow(Span<byte> into, long generation, ReadOnlySpan<byte> key)
    {
        Write(into, RowKind, generation);
        key.CopyTo(into[PrefixSize..]);
    }

    /// <summary>True and the generation, if the key is one of an applied record.</summary>
    public static bool TryReadApplied(ReadOnlySpan<byte> key, out long generation)
    {
        var isOne = key.Length == PrefixSize && key[0] == AppliedKind;
        generation = isOne ? BinaryPrimitives.ReadInt64BigEndian(key[1..]) : 0;
        return isOne;
    }

    /// <summary>True and the generation, if the key is one of a row.</summary>
    public static bool TryReadRow(ReadOnlySpan<byte> key, out long generation)
    {
        var isOne = key.Length >= PrefixSize && key[0] == RowKind;
        generation = isOne ? BinaryPrimitives.ReadInt64BigEndian(key[1..]) : 0;
        return isOne;
    }

    private static void Write(Span<byte> into, byte kind, long generation)
    {
        into[0] = kind;
        BinaryPrimitives.WriteInt64BigEndian(into[1..], generation);
    }
}
