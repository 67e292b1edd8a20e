using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>Which replica of which group lives in a store; the log store keeps it beside the group's log.</summary>
internal sealed record VoterMetadata(Guid Incarnation, ReplicaId Replica, ReadOnlyMemory<byte> Genesis)
{
    public byte[] Encode() => new Fields().Id(1, Incarnation).Number(2, Replica.Value).Bytes(3, Genesis.Span).ToArray();

    public static VoterMetadata Decode(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "VoterMetadata");
        var (incarnation, replica, genesis) = (Guid.Empty, 0L, ReadOnlyMemory<byte>.Empty);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    incarnation = reader.Id();
                    break;
                case 2:
                    replica = reader.Number();
                    break;
                case 3:
                    genesis = reader.Bytes();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new VoterMetadata(incarnation, new ReplicaId(replica), genesis);
    }
}
