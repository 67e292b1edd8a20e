using System.Buffers.Binary;

namespace Orleans.Raft.Storage.Provider;

/// <summary>Fills a span front to back; the formats' sizes are computed first, so that one exact array is allocated.</summary>
internal ref struct ByteWriter(Span<byte> destination)
{
    private Span<byte> _rest = destination;

    /// <summary>True when the computed size was the written one.</summary>
    public readonly bool IsFull => _rest.IsEmpty;

    public void Byte(byte value) => Take(1)[0] = value;

    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Take(sizeof(ushort)), value);

    public void Int32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Take(sizeof(int)), value);

    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Take(sizeof(ulong)), value);

    public void Guid(Guid value) => value.TryWriteBytes(Take(16));

    public void Version(RecordVersion value) => value.WriteTo(Take(RecordVersion.Size));

    public void Operation(OperationId value) => value.WriteTo(Take(OperationId.Size));

    /// <summary>The bytes alone; what ends a message needs no length.</summary>
    public void Rest(ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    /// <summary>A four-byte length, then the bytes.</summary>
    public void Bytes(ReadOnlySpan<byte> value)
    {
        Int32(value.Length);
        Rest(value);
    }

    private Span<byte> Take(int count)
    {
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
