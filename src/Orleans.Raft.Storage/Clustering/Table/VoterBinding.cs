using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>Which store a replica of the group is bound to, for ever (SAFETY-RULES A1, A7), and what its latest start said.</summary>
internal sealed record VoterBinding
{
    public ReplicaId Replica { get; init; }

    /// <summary>Name of the silo.</summary>
    public string Name { get; init; } = "";

    public Guid Store { get; init; }

    /// <summary>Highest open counter that a start of this voter has put into the log; 0 before the first.</summary>
    public long OpenCounter { get; init; }

    /// <summary>Random number of that start's opening; empty before the first.</summary>
    public Guid Life { get; init; }

    /// <summary>Where it said it can be reached: a hint.</summary>
    public string Address { get; init; } = "";

    public byte[] Encode() => new Fields()
        .Number(1, Replica.Value)
        .Text(2, Name)
        .Id(3, Store)
        .Number(4, OpenCounter)
        .Text(5, Address)
        .Id(6, Life)
        .ToArray();

    public static VoterBinding Decode(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "Voter");
        var voter = new VoterBinding();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    voter = voter with { Replica = new ReplicaId(reader.Number()) };
                    break;
                case 2:
                    voter = voter with { Name = reader.Text() };
                    break;
                case 3:
                    voter = voter with { Store = reader.Id() };
                    break;
                case 4:
                    voter = voter with { OpenCounter = reader.Number() };
                    break;
                case 5:
                    voter = voter with { Address = reader.Text() };
                    break;
                case 6:
                    voter = voter with { Life = reader.Id() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return voter;
    }

    /// <summary>
    /// True for an opening that is not this one or a later one: its directory was turned back or copied. As many openings are not enough to be the same;
    /// a directory of the day before counts up to the same number (SAFETY-RULES A7).
    /// </summary>
    public bool IsAheadOf(long openCounter, Guid life) => openCounter < OpenCounter || (openCounter == OpenCounter && life != Life && Life != Guid.Empty);

    /// <inheritdoc/>
    public override string ToString() => $"{Name} (replica {Replica}, store {Store:N}#{OpenCounter}, {Address})";
}
