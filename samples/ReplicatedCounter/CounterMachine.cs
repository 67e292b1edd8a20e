using System.Buffers;
using System.Buffers.Binary;
using Orleans.Raft;

namespace ReplicatedCounter;

/// <summary>
/// State that is replicated without a grain: a number. Every replica applies the same commands in the same order, so it may depend on nothing but them:
/// no clock, no randomness, nothing of this machine.
/// </summary>
internal sealed class CounterMachine : ISnapshotStateMachine
{
    private long _value;

    /// <summary>A command that adds.</summary>
    public static byte[] Add(long amount) => Bytes(amount);

    /// <summary>Reads an answer.</summary>
    public static long Number(ReadOnlyMemory<byte> bytes) => BinaryPrimitives.ReadInt64LittleEndian(bytes.Span);

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Apply(CommandPosition position, ReadOnlyMemory<byte> command)
    {
        _value += Number(command);
        return Bytes(_value);
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Query(ReadOnlyMemory<byte> query) => Bytes(_value);

    /// <inheritdoc/>
    public void Snapshot(IBufferWriter<byte> output) => output.Write(Bytes(_value));

    /// <inheritdoc/>
    public void Restore(ReadOnlySequence<byte> snapshot) => _value = Number(snapshot.ToArray());

    private static byte[] Bytes(long number)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        return bytes;
    }
}
