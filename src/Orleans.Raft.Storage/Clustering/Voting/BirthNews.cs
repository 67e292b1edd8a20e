using System.Collections.Immutable;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>What a voter says about the group's birth, asked by another one.</summary>
internal sealed record BirthNews
{
    /// <summary>The answering voter's store.</summary>
    public Guid Store { get; init; }

    /// <summary>Hash of its list of voters.</summary>
    public Guid ListHash { get; init; }

    /// <summary>The group it belongs to; empty while it is fresh.</summary>
    public Guid Incarnation { get; init; }

    /// <summary>Genesis state, if it binds the asking store.</summary>
    public ReadOnlyMemory<byte> Genesis { get; init; }

    /// <summary>The asking store's replica now, or none.</summary>
    public ReplicaId Replica { get; init; }

    /// <summary>How often that replica has announced a start: more than 0 means that a fresh store has lost what it held.</summary>
    public long Starts { get; init; }

    /// <summary>The voters now, if the asking store is one of them: a replica that was added has nobody else to tell it.</summary>
    public ImmutableArray<VoterBinding> Voters { get; init; } = [];

    /// <summary>True while the answering voter belongs to no group.</summary>
    public bool IsFresh => Incarnation == Guid.Empty;

    public byte[] Encode()
    {
        var fields = new Fields()
            .Id(1, Store)
            .Id(2, ListHash)
            .Id(3, Incarnation)
            .Bytes(4, Genesis.Span)
            .Number(5, Replica.Value)
            .Number(6, Starts);
        foreach (var voter in Voters)
        {
            fields.Bytes(7, voter.Encode());
        }

        return fields.ToArray();
    }

    public static BirthNews Decode(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "BirthNews");
        var news = new BirthNews();
        while (reader.Next())
        {
            news = reader.Field switch
            {
                1 => news with { Store = reader.Id() },
                2 => news with { ListHash = reader.Id() },
                3 => news with { Incarnation = reader.Id() },
                4 => news with { Genesis = reader.Bytes() },
                5 => news with { Replica = new ReplicaId(reader.Number()) },
                6 => news with { Starts = reader.Number() },
                7 => news with { Voters = news.Voters.Add(VoterBinding.Decode(reader.Bytes())) },
                _ => Unknown(ref reader, news),
            };
        }

        return news;
    }

    private static BirthNews Unknown(ref WireReader reader, BirthNews news)
    {
        reader.Skip();
        return news;
    }
}
