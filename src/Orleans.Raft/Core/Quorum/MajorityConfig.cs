using System;

namespace Orleans.Raft.Core;

/// <summary>A set of voters that decides by majority. Ids ascend and are distinct.</summary>
internal readonly struct MajorityConfig(ReplicaId[] voters)
{
    /// <summary>What an empty quorum has committed: it never stands in the way of the other half of a joint one.</summary>
    public const long Unbounded = long.MaxValue;

    private readonly ReplicaId[]? _voters = voters;

    public ReadOnlySpan<ReplicaId> Voters => _voters;

    public int Count => _voters is null ? 0 : _voters.Length;

    public bool IsEmpty => Count == 0;

    public bool Contains(ReplicaId id)
    {
        foreach (var voter in Voters)
        {
            if (voter == id)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The highest number that a majority has reached.</summary>
    public long CommittedIndex<TIndex>(in TIndex acknowledged)
        where TIndex : struct, IReplicaIndex
    {
        var count = Count;
        if (count == 0)
        {
            return Unbounded;
        }

        // Insertion sort: configurations are small, and nearly sorted in the steady state.
        Span<long> sorted = count <= 16 ? stackalloc long[count] : new long[count];
        for (var i = 0; i < count; i++)
        {
            var index = acknowledged.IndexOf(_voters![i]);
            var j = i;
            for (; j > 0 && sorted[j - 1] > index; j--)
            {
                sorted[j] = sorted[j - 1];
            }

            sorted[j] = index;
        }

        return sorted[count - ((count / 2) + 1)];
    }

    public VoteResult VoteResult<TVotes>(in TVotes votes)
        where TVotes : struct, IReplicaVotes
    {
        var (granted, missing) = (0, 0);
        foreach (var voter in Voters)
        {
            switch (votes.VoteOf(voter))
            {
                case null:
                    missing++;
                    break;
                case true:
                    granted++;
                    break;
                case false:
                    break;
            }
        }

        // An empty quorum wins, so that a joint one behaves as its other half.
        var needed = IsEmpty ? 0 : (Count / 2) + 1;
        return granted >= needed ? Core.VoteResult.Won
            : granted + missing >= needed ? Core.VoteResult.Pending
            : Core.VoteResult.Lost;
    }

    public override string ToString() => $"({string.Join(' ', _voters ?? [])})";
}
