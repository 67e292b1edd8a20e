using System.Buffers.Binary;
using System.Globalization;

namespace Orleans.Raft.Storage.Provider;

/// <summary>
/// Names one storage operation, so that a record tells who wrote it: after an unknown outcome the same grain's next write is accepted on top of
/// its own lost predecessor (SAFETY-RULES C1). Retries are not its business; the group's sessions answer those (A3).
/// </summary>
/// <param name="Process">Random number drawn when the provider was created; never a name, since a name comes back after a restart.</param>
/// <param name="Number">Counter within that provider, from 1.</param>
internal readonly record struct OperationId(ulong Process, ulong Number)
{
    /// <summary>Bytes of <see cref="WriteTo"/>.</summary>
    public const int Size = 2 * sizeof(ulong);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Process:x16}:{Number}");

    /// <summary>Reads what <see cref="ToString"/> prints.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out OperationId operation)
    {
        operation = default;
        if (text.Length < 18 || text[16] != ':'
            || !ulong.TryParse(text[..16], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var process)
            || !ulong.TryParse(text[17..], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        operation = new OperationId(process, number);
        return true;
    }

    /// <summary>Writes <see cref="Size"/> bytes, little-endian.</summary>
    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Process);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], Number);
    }

    /// <summary>Reads what <see cref="WriteTo"/> wrote.</summary>
    public static OperationId ReadFrom(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(source), BinaryPrimitives.ReadUInt64LittleEndian(source[8..]));
}
