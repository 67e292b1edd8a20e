using System.Buffers.Binary;

namespace Orleans.Raft.Hosting;

/// <summary>Keys of a generation's rows: the first byte says what a row is. The format is on disk and in snapshots.</summary>
internal static class StateKeys
{
    /// <summary>A session.</summary>
    public const byte Session = 1;

    /// <summary>An answer that a session still needs.</summary>
    public const byte Answer = 2;

    /// <summary>A part of a state that is kept in memory and saved as a whole.</summary>
    public const byte Saved = 3;

    /// <summary>A row of the user's.</summary>
    public const byte User = 16;

    /// <summary>A note of one replica alone: no part of the replicated state, and of its hash.</summary>
    public const byte Local = 64;

    /// <summary>Key of a session.</summary>
    public static byte[] OfSession(long session) => Of(Session, session);

    /// <summary>Key of an answer.</summary>
    public static byte[] OfAnswer(long session, long sequence)
    {
        var key = new byte[17];
        key[0] = Answer;
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(1), session);
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(9), sequence);
        return key;
    }

    /// <summary>Key of a part of a saved state.</summary>
    public static byte[] OfSaved(long part) => Of(Saved, part);

    /// <summary>Key of a replica's own note.</summary>
    public static byte[] OfLocal(ReadOnlySpan<byte> key) => [Local, .. key];

    /// <summary>Key of a user's row.</summary>
    public static byte[] OfUser(ReadOnlySpan<byte> key)
    {
        var full = new byte[key.Length + 1];
        full[0] = User;
        key.CopyTo(full.AsSpan(1));
        return full;
    }

    /// <summary>The session that a key names.</summary>
    public static long SessionOf(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadInt64BigEndian(key[1..]);

    /// <summary>The sequence that an answer's key names.</summary>
    public static long SequenceOf(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadInt64BigEndian(key[9..]);

    private static byte[] Of(byte kind, long number)
    {
        var key = new byte[9];
        key[0] = kind;
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(1), number);
        return key;
    }
}
