using System;

namespace Orleans.Raft.Core;

/// <summary>A set of voters that decides by majority. Ids ascend and are distinct.</summary>
internal readonly struct MajorityConfig(ReplicaId[] voters)
{
    /// <summary>What an empty quorum has committed: it never stands in the way of the other half of a joint one.</summary>
    public const long Unbounded = long.MaxValue;

    private readonly ReplicaId[]? _voters = voters;

    /// <summary>The voters, ascending.</summary>
    public ReadOnlySpan<ReplicaId> Voters => _voters;

    public int Count => _voters is null ? 0 : _voters.Length;

    public bool IsEmpty => Count == 0;

    /// <summary>Whether a replica votes here. Linear: sets are small, and this is asked more often than they change.</summary>
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

        // The highest number that more than half have reached is the one at which more than half stand at or above (Raft §5.3, figure 2: matchIndex of a
        // majority). With an even number of voters the majority is one more than half: of 4 the 2nd smallest is on 3.
        return sorted[count - ((count / 2) + 1)];
    }

    /// <summary>Won as soon as a majority has granted, lost as soon as missing votes can't make one any more.</summary>
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
        // Silence is no refusal: an election goes on while those who have not answered could still win it.
        var needed = IsEmpty ? 0 : (Count / 2) + 1;
        Invariant.Holds(granted + missing <= Count, $"{granted} votes granted and {missing} missing of {Count}");
        return granted >= needed ? Core.VoteResult.Won
            : granted + missing >= needed ? Core.VoteResult.Pending
            : Core.VoteResult.Lost;
    }

    /// <summary>Ascending and distinct: a voter that stands twice would be counted twice.</summary>
    public void AssertInvariants()
    {
        for (var i = 0; i < Count; i++)
        {
            var voter = _voters![i];
            Invariant.Holds(!voter.IsNone && !voter.IsLocalThread, $"{voter} is no replica: {this}");
            Invariant.Holds(i == 0 || _voters[i - 1].CompareTo(voter) < 0, $"voters ascend and are distinct: {this}");
        }
    }

    public override string ToString() => $"({string.Join(' ', _voters ?? [])})";
}
