using System.Buffers.Binary;

namespace Orleans.Raft.Storage.Provider;

/// <summary>
/// Takes a message apart. Reading beyond the end gives zeros and sets <see cref="IsBroken"/>, which is asked once at the end: on a replica
/// an exception in the middle of a command would stop the group.
/// </summary>
internal struct ByteReader(ReadOnlyMemory<byte> source)
{
    private ReadOnlyMemory<byte> _rest = source;

    /// <summary>True once something was asked for that is not there.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>True when nothing is left and nothing was missing.</summary>
    public readonly bool IsAtEnd => !IsBroken && _rest.IsEmpty;

    public byte Byte() => Take(1) is { IsEmpty: false } taken ? taken.Span[0] : (byte)0;

    public ushort UInt16() =>
        Take(sizeof(ushort)) is { IsEmpty: false } taken ? BinaryPrimitives.ReadUInt16LittleEndian(taken.Span) : (ushort)0;

    public int Int32() => Take(sizeof(int)) is { IsEmpty: false } taken ? BinaryPrimitives.ReadInt32LittleEndian(taken.Span) : 0;

    public ulong UInt64() => Take(sizeof(ulong)) is { IsEmpty: false } taken ? BinaryPrimitives.ReadUInt64LittleEndian(taken.Span) : 0;

    public Guid Guid() => Take(16) is { IsEmpty: false } taken ? new Guid(taken.Span) : default;

    public RecordVersion Version() =>
        Take(RecordVersion.Size) is { IsEmpty: false } taken ? RecordVersion.ReadFrom(taken.Span) : default;

    public OperationId Operation() =>
        Take(OperationId.Size) is { IsEmpty: false } taken ? OperationId.ReadFrom(taken.Span) : default;

    /// <summary>Everything that is left; a slice of the source.</summary>
    public ReadOnlyMemory<byte> Rest() => Take(_rest.Length);

    /// <summary>A four-byte length, then that many bytes; a slice of the source.</summary>
    public ReadOnlyMemory<byte> Bytes() => Take(Int32());

    private ReadOnlyMemory<byte> Take(int count)
    {
        if (IsBroken || count < 0 || count > _rest.Length)
        {
            IsBroken = true;
            return default;
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
