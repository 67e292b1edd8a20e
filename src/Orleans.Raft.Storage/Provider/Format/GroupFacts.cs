using System.Collections.Immutable;
using System.IO.Hashing;
using Orleans.Raft.Hosting;

namespace Orleans.Raft.Storage.Provider;

/// <summary>Slots in a row, both ends included.</summary>
internal readonly record struct SlotRange(ushort First, ushort Last)
{
    /// <inheritdoc/>
    public override string ToString() => $"{First}..{Last}";
}

/// <summary>
/// What a group knows of itself; a part of its replicated state from its first command on, so that slots can move between groups later: a command carries its slot and is
/// refused where the group does not own it (SAFETY-RULES B10). Format 1, little-endian: format byte, incarnation (8), number of the family's groups (2),
/// number of ranges (2), ranges (2 + 2 each).
/// </summary>
/// <param name="Incarnation">The group's life as its ETags name it.</param>
/// <param name="Groups">Number of groups of the provider, for its senders to know.</param>
/// <param name="Slots">Slots that the group owns.</param>
internal sealed record GroupFacts(ulong Incarnation, ushort Groups, ImmutableArray<SlotRange> Slots)
{
    private const int HeaderSize = 1 + sizeof(ulong) + (2 * sizeof(ushort));

    /// <summary>The facts at the group's birth: its share of the slots, and a life that no other birth of any cluster has.</summary>
    public static GroupFacts AtBirth(GroupBirth birth)
    {
        var first = (birth.Id.Index * GrainSlot.Count + birth.Groups - 1) / birth.Groups;
        var next = ((birth.Id.Index + 1) * GrainSlot.Count + birth.Groups - 1) / birth.Groups;
        return new GroupFacts(IncarnationOf(birth), (ushort)birth.Groups, [new SlotRange((ushort)first, (ushort)(next - 1))]);
    }

    /// <summary>Whether the group owns a slot.</summary>
    public bool Owns(ushort slot)
    {
        foreach (var range in Slots)
        {
            if (slot >= range.First && slot <= range.Last)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Encodes the facts.</summary>
    public byte[] Encode()
    {
        var bytes = new byte[HeaderSize + (Slots.Length * 2 * sizeof(ushort))];
        var writer = new ByteWriter(bytes);
        writer.Byte(GrainCommand.Format);
        writer.UInt64(Incarnation);
        writer.UInt16(Groups);
        writer.UInt16((ushort)Slots.Length);
        foreach (var range in Slots)
        {
            writer.UInt16(range.First);
            writer.UInt16(range.Last);
        }

        return bytes;
    }

    /// <summary>Decodes facts.</summary>
    /// <exception cref="NotSupportedException">A newer release wrote them.</exception>
    public static GroupFacts Decode(byte[] bytes)
    {
        var reader = new ByteReader(bytes);
        var format = reader.Byte();
        var (incarnation, groups, count) = (reader.UInt64(), reader.UInt16(), reader.UInt16());
        var slots = ImmutableArray.CreateBuilder<SlotRange>();
        for (var i = 0; i < count && !reader.IsBroken; i++)
        {
            slots.Add(new SlotRange(reader.UInt16(), reader.UInt16()));
        }

        return format == GrainCommand.Format && reader.IsAtEnd
            ? new GroupFacts(incarnation, groups, slots.ToImmutable())
            : throw new NotSupportedException($"The group's facts have {bytes.Length} bytes and format {format}; this release reads format {GrainCommand.Format}. Upgrade this silo.");
    }

    // Entry numbers repeat when a cluster is born again, random numbers don't.
    private static ulong IncarnationOf(GroupBirth birth)
    {
        Span<byte> bytes = stackalloc byte[16 + sizeof(long)];
        birth.Cluster.TryWriteBytes(bytes);
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], birth.Incarnation);
        return XxHash64.HashToUInt64(bytes);
    }
}
