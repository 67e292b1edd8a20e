using System;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>
/// Bytes of configuration changes in entries: etcd's raftpb encoding. It stands in Core, not in Wire, because a leader judges changes that are
/// proposed, and a candidate looks for changes that are not applied.
/// </summary>
/// <remarks>
/// Every replica must read the same change from the same bytes, else their configurations part for ever. So reading has no settings and no tolerance of its
/// own: a known field of the wrong kind, a number that is no operation and bytes that end too early are no change at all, on every replica alike, and the entry
/// is applied as one that changes nothing. Unknown fields are passed over, as protobuf does: a newer etcd may write them.
/// </remarks>
[Experimental("ORLEANSRAFT001")]
public static class ConfChangeCodec
{
    private const int Varint = 0;
    private const int Bytes = 2;

    /// <summary>Encodes the general form, field by field in ascending order, as protobuf's own writers do.</summary>
    public static byte[] Encode(ConfChangeV2 change)
    {
        ArgumentNullException.ThrowIfNull(change);
        var writer = default(Writer);
        writer.Number(1, (long)change.Transition);
        foreach (var single in change.Changes)
        {
            // Zeros too: etcd's fields are proto2 and not nullable, so its encoder always writes them, and the bytes must be the same.
            var inner = default(Writer);
            inner.Number(1, (long)single.Type);
            inner.Number(2, single.Replica.Value);
            writer.Blob(2, inner.Written);
        }

        if (!change.Context.IsEmpty)
        {
            writer.Blob(3, change.Context.Span);
        }

        return writer.Written.ToArray();
    }

    /// <summary>Encodes the single-step form.</summary>
    public static byte[] Encode(ConfChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        // Etcd's field 1 is an id that Raft does not look at. Its encoder writes it all the same, and equal bytes can be compared by golden files.
        var writer = default(Writer);
        writer.Number(1, 0);
        writer.Number(2, (long)change.Type);
        writer.Number(3, change.Replica.Value);
        if (!change.Context.IsEmpty)
        {
            writer.Blob(4, change.Context.Span);
        }

        return writer.Written.ToArray();
    }

    /// <summary>Reads the change that an entry of either form carries, in the general form. False when the bytes are no such change.</summary>
    public static bool TryDecode(in Entry entry, out ConfChangeV2 change)
    {
        // By the entry's type, never by the look of its bytes: some bytes are both forms.
        change = new ConfChangeV2();
        return entry.Type switch
        {
            EntryType.EntryNormal => false,
            EntryType.EntryConfChange => TryDecodeSingleStep(entry.Data, ref change),
            EntryType.EntryConfChangeV2 => TryDecodeGeneral(entry.Data, ref change),
        };
    }

    private static bool TryDecodeSingleStep(ReadOnlyMemory<byte> data, ref ConfChangeV2 change)
    {
        var (type, replica, context) = (0L, 0L, ReadOnlyMemory<byte>.Empty);
        var reader = new Reader(data);
        while (reader.TryNext(out var field))
        {
            switch (field.Number)
            {
                case 2 when field.Wire == Varint:
                    type = field.Value;
                    break;
                case 3 when field.Wire == Varint:
                    replica = field.Value;
                    break;
                case 4 when field.Wire == Bytes:
                    // A part of the entry's bytes, which never change, so it need not be copied.
                    context = field.Blob;
                    break;
                case >= 2 and <= 4:
                    // A known field of another wire type: a parser that passed over it would read a change of replica 0.
                    return false;
                default:
                    break;
            }
        }

        if (reader.IsBroken || !IsKnown(type, replica))
        {
            return false;
        }

        change = new ConfChange((ConfChangeType)type, new ReplicaId(replica), context).AsV2();
        return true;
    }

    // Fields may come in any order and more than once, as protobuf allows: of numbers and bytes the last counts, operations add up.
    private static bool TryDecodeGeneral(ReadOnlyMemory<byte> data, ref ConfChangeV2 change)
    {
        var changes = ImmutableArray.CreateBuilder<ConfChangeSingle>();
        var (transition, context) = (0L, ReadOnlyMemory<byte>.Empty);
        var reader = new Reader(data);
        while (reader.TryNext(out var field))
        {
            switch (field.Number)
            {
                case 1 when field.Wire == Varint:
                    transition = field.Value;
                    break;
                case 2 when field.Wire == Bytes:
                    if (!TryDecodeOperation(field.Blob, out var single))
                    {
                        return false;
                    }

                    changes.Add(single);
                    break;
                case 3 when field.Wire == Bytes:
                    context = field.Blob;
                    break;
                case >= 1 and <= 3:
                    return false;
                default:
                    break;
            }
        }

        if (reader.IsBroken || transition is < 0 or > (long)ConfChangeTransition.JointExplicit)
        {
            return false;
        }

        change = new ConfChangeV2 { Transition = (ConfChangeTransition)transition, Changes = changes.ToImmutable(), Context = context };
        return true;
    }

    private static bool TryDecodeOperation(ReadOnlyMemory<byte> data, out ConfChangeSingle single)
    {
        single = default;
        var (type, replica) = (0L, 0L);
        var reader = new Reader(data);
        while (reader.TryNext(out var field))
        {
            switch (field.Number)
            {
                case 1 when field.Wire == Varint:
                    type = field.Value;
                    break;
                case 2 when field.Wire == Varint:
                    replica = field.Value;
                    break;
                case 1 or 2:
                    // As above: not passed over, or it would be an operation on nobody.
                    return false;
                default:
                    break;
            }
        }

        if (reader.IsBroken || !IsKnown(type, replica))
        {
            return false;
        }

        single = new ConfChangeSingle((ConfChangeType)type, new ReplicaId(replica));
        return true;
    }

    // Replica 0 is allowed: an operation on nobody is how a host rejects a change that is committed already. The numbers of the local threads are not: they
    // would become members to whom entries are sent.
    private static bool IsKnown(long type, long replica) =>
        type is >= 0 and <= (long)ConfChangeType.AddLearnerNode && replica >= 0 && !new ReplicaId(replica).IsLocalThread;

    private readonly record struct Field(int Number, int Wire, long Value, ReadOnlyMemory<byte> Blob);

    /// <summary>
    /// Protobuf as far as the three messages need it: varints and bytes. Fixed widths and groups stand in none of them, so they break the reading instead of
    /// being skipped by code that nothing would ever test.
    /// </summary>
    private ref struct Reader(ReadOnlyMemory<byte> data)
    {
        private ReadOnlyMemory<byte> _rest = data;

        public bool IsBroken { get; private set; }

        public bool TryNext(out Field field)
        {
            field = default;
            if (_rest.IsEmpty || IsBroken)
            {
                return false;
            }

            if (!TryVarint(out var tag) || tag >> 3 is 0 or > int.MaxValue || !TryField((int)(tag >> 3), (int)(tag & 7), out field))
            {
                IsBroken = true;
                return false;
            }

            return true;
        }

        // What stands behind a tag. Fixed widths and groups end the reading here: their length is not looked at, so nothing behind them could be found.
        private bool TryField(int number, int wire, out Field field)
        {
            field = default;
            if (!TryVarint(out var value) || (wire != Varint && wire != Bytes))
            {
                return false;
            }

            if (wire == Varint)
            {
                if (value > long.MaxValue)
                {
                    // Etcd's numbers are unsigned, ours are not; no honest term, index or replica comes near.
                    return false;
                }

                field = new Field(number, wire, (long)value, default);
                return true;
            }

            // Before anything is made of it: a length is the sender's claim, and may be any number.
            if (value > (ulong)_rest.Length)
            {
                return false;
            }

            field = new Field(number, wire, 0, _rest[..(int)value]);
            _rest = _rest[(int)value..];
            return true;
        }

        private bool TryVarint(out ulong value)
        {
            value = 0;
            var span = _rest.Span;
            for (var i = 0; i < Math.Min(10, span.Length); i++)
            {
                value |= (ulong)(span[i] & 0x7f) << (7 * i);
                if (span[i] < 0x80)
                {
                    // Ten bytes hold 70 bits; of the tenth only one bit is left of 64. More would be cut off by the shift, and read as another number.
                    _rest = _rest[(i + 1)..];
                    return i < 9 || span[i] == 1;
                }
            }

            return false;
        }
    }

    // Grows as needed. Changes are rare and small, so that an array each is no matter.
    private struct Writer
    {
        private byte[]? _buffer;
        private int _length;

        public readonly ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

        public void Number(int field, long value)
        {
            Put((ulong)(field << 3));
            Put((ulong)value);
        }

        public void Blob(int field, ReadOnlySpan<byte> data)
        {
            Put((ulong)((field << 3) | Bytes));
            Put((ulong)data.Length);
            Reserve(data.Length);
            data.CopyTo(_buffer.AsSpan(_length));
            _length += data.Length;
        }

        private void Put(ulong value)
        {
            Reserve(10);
            while (value >= 0x80)
            {
                _buffer![_length++] = (byte)((value & 0x7f) | 0x80);
                value >>= 7;
            }

            _buffer![_length++] = (byte)value;
        }

        private void Reserve(int added)
        {
            var buffer = _buffer ?? [];
            if (_length + added > buffer.Length)
            {
                Array.Resize(ref buffer, Math.Max(32, (_length + added) * 2));
                _buffer = buffer;
            }
        }
    }
}
