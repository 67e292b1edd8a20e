using System.Buffers.Binary;
using System.Globalization;

namespace Orleans.Raft.Storage.Provider;

/// <summary>
/// Which write made a record: the place of its command in the group's log, under the group's incarnation. Never a counter, since a counter
/// depends on verdicts and equal numbers would come to mean different values (SAFETY-RULES A4). Its text is the ETag: <c>500.3-00c0ffee00c0ffee</c>.
/// </summary>
/// <param name="Incarnation">Number of the group's life; a group born again, or one that took a slot over, has another.</param>
/// <param name="Index">Index of the entry.</param>
/// <param name="Offset">Number of the command within the entry.</param>
internal readonly record struct RecordVersion(ulong Incarnation, long Index, int Offset)
{
    /// <summary>Bytes of <see cref="WriteTo"/>.</summary>
    public const int Size = sizeof(ulong) + sizeof(long) + sizeof(int);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Index}.{Offset}-{Incarnation:x16}");

    /// <summary>Reads exactly what <see cref="ToString"/> prints; any other text is no version of ours.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out RecordVersion version)
    {
        version = default;
        var dot = text.IndexOf('.');
        var dash = text.IndexOf('-');
        if (dot <= 0 || dash <= dot + 1 || text.Length - dash - 1 != 16
            || !long.TryParse(text[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            || !int.TryParse(text[(dot + 1)..dash], NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            || !ulong.TryParse(text[(dash + 1)..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var incarnation))
        {
            return false;
        }

        version = new RecordVersion(incarnation, index, offset);

        // "007.3-…" and upper case digits would be second names of one version.
        return text.SequenceEqual(version.ToString());
    }

    /// <summary>Writes <see cref="Size"/> bytes, little-endian.</summary>
    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Incarnation);
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], Index);
        BinaryPrimitives.WriteInt32LittleEndian(destination[16..], Offset);
    }

    /// <summary>Reads what <see cref="WriteTo"/> wrote.</summary>
    public static RecordVersion ReadFrom(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(source),
        BinaryPrimitives.ReadInt64LittleEndian(source[8..]),
        BinaryPrimitives.ReadInt32LittleEndian(source[16..]));
}
