using System.Buffers.Binary;
using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Engine;

/// <summary>The sync batch that is being put together: head, records, padding, in one buffer that is used again and again.</summary>
internal sealed class BatchBuffer
{
    private byte[] _bytes = new byte[64 << 10];
    private int _end = BatchHeader.Size;
    private uint _running = uint.MaxValue;

    public int RecordCount { get; private set; }

    /// <summary>Bytes of records so far.</summary>
    public int BodyLength => _end - BatchHeader.Size;

    public bool IsEmpty => RecordCount == 0;

    public void Clear(int expectedBody)
    {
        _end = BatchHeader.Size;
        _running = uint.MaxValue;
        RecordCount = 0;
        EnsureCapacity(expectedBody);
    }

    public void Add(uint group, in Entry entry)
    {
        var payload = Reserve(entry.Data.Length);
        entry.Data.Span.CopyTo(payload);
        Seal(new RecordHeader(RecordKind.Entry, (byte)entry.Type, group, entry.Term, entry.Index, entry.Data.Length));
    }

    /// <summary>Adds an entry's record as it was read from an old segment, as a moved one.</summary>
    public void AddMoved(uint group, in LogSlot slot, long index, ReadOnlySpan<byte> record)
    {
        record[RecordHeader.Size..].CopyTo(Reserve(slot.PayloadLength));
        Seal(new RecordHeader(RecordKind.MovedEntry, (byte)slot.Type, group, slot.Term, index, slot.PayloadLength));
    }

    public void AddHardState(uint group, HardState state)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Reserve(RecordPayload.VoteSize), state.Vote.Value);
        Seal(new RecordHeader(RecordKind.HardState, 0, group, state.Term, state.Commit, RecordPayload.VoteSize));
    }

    public void AddConfState(uint group, ConfState state)
    {
        var size = RecordPayload.SizeOf(state);
        RecordPayload.Write(Reserve(size), state);
        Seal(new RecordHeader(RecordKind.ConfState, 0, group, 0, 0, size));
    }

    public void AddReset(uint group, EntryId position, ConfState state, long generation)
    {
        var size = RecordPayload.SizeOfReset(state);
        RecordPayload.WriteReset(Reserve(size), generation, state);
        Seal(new RecordHeader(RecordKind.Reset, 0, group, position.Term, position.Index, size));
    }

    public void AddCompact(uint group, EntryId position)
    {
        Reserve(0);
        Seal(new RecordHeader(RecordKind.Compact, 0, group, position.Term, position.Index, 0));
    }

    public void AddMetadata(uint group, ReadOnlySpan<byte> metadata)
    {
        metadata.CopyTo(Reserve(metadata.Length));
        Seal(new RecordHeader(RecordKind.Metadata, 0, group, 0, 0, metadata.Length));
    }

    public void AddRange(uint group, EntryId compacted, long last)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Reserve(sizeof(long)), last);
        Seal(new RecordHeader(RecordKind.Range, 0, group, compacted.Term, compacted.Index, sizeof(long)));
    }

    /// <summary>Adds a record that names a group: its creation, its removal, or a removed replica of it.</summary>
    public void AddNamed(RecordKind kind, uint number, RaftGroupId id, long term, long index)
    {
        var size = RecordPayload.SizeOf(id);
        RecordPayload.Write(Reserve(size), id);
        Seal(new RecordHeader(kind, 0, number, term, index, size));
    }

    /// <summary>Writes head and padding: what goes to the disk. Valid until the next <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Seal(long segment, long sequence, long durableSequence, BatchFlags flags, ulong store, int carryCount)
    {
        var header = new BatchHeader(segment, sequence, durableSequence, BodyLength, ~_running, RecordCount, flags, store, carryCount);
        header.WriteTo(_bytes);
        _bytes.AsSpan(_end, header.PaddedSize - _end).Clear();
        return _bytes.AsSpan(0, header.PaddedSize);
    }

    /// <summary>Makes room for a record and returns where its payload goes.</summary>
    private Span<byte> Reserve(int payload)
    {
        EnsureCapacity(BodyLength + RecordHeader.Size + payload);
        return _bytes.AsSpan(_end + RecordHeader.Size, payload);
    }

    private void Seal(RecordHeader header)
    {
        header.Seal(_bytes.AsSpan(_end));
        _running = Crc32C.Append(_running, _bytes.AsSpan(_end, RecordHeader.Size));
        _end += header.RecordSize;
        RecordCount++;
    }

    private void EnsureCapacity(int body)
    {
        var needed = BatchHeader.Pad(BatchHeader.Size + body);
        if (needed > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(needed, (int)Math.Min(Array.MaxLength, _bytes.Length * 2L)));
        }
    }
}
