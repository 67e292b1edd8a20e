using System.Buffers.Binary;
using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Engine;

/// <summary>An applied record's bytes: version, term, index, size of the configuration, configuration, the rest.</summary>
internal static class AppliedCodec
{
    private const int HeadSize = 21;

    public static byte[] Encode(AppliedState state)
    {
        var confSize = RecordPayload.SizeOf(state.ConfState);
        var bytes = new byte[HeadSize + confSize + state.Extra.Length];
        bytes[0] = FormatVersion.Current;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(1), state.Position.Term);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(9), state.Position.Index);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(17), confSize);
        RecordPayload.Write(bytes.AsSpan(HeadSize), state.ConfState);
        state.Extra.Span.CopyTo(bytes.AsSpan(HeadSize + confSize));
        return bytes;
    }

    public static AppliedState Decode(string path, byte[]? bytes)
    {
        if (bytes is null)
        {
            return AppliedState.None;
        }

        FormatVersion.Check(path, bytes[0]);
        var position = new EntryId(BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(1)), BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(9)));
        var confSize = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(17));
        return new AppliedState(position, RecordPayload.ReadConfState(bytes.AsSpan(HeadSize, confSize))) { Extra = bytes.AsMemory(HeadSize + confSize) };
    }
}
