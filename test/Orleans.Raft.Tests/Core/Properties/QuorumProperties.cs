using CsCheck;
using Orleans.Raft.Core;
using Xunit;

namespace Orleans.Raft.Tests.Core.Properties;

/// <summary>Quorum arithmetic against counting by hand.</summary>
public sealed class QuorumProperties
{
    private static readonly Gen<long[]> Ids = Gen.Long[1, 9].HashSet[0, 7].Select(ids => ids.Order().ToArray());

    private static readonly Gen<Dictionary<long, long>> Indexes = Gen.Long[0, 6].Array[10]
        .Select(indexes => indexes.Select((index, id) => (Id: (long)id, index)).ToDictionary(pair => pair.Id, pair => pair.index));

    private static readonly Gen<Dictionary<long, bool?>> Votes = Gen.Int[0, 2].Array[10]
        .Select(votes => votes.Select((vote, id) => (Id: (long)id, Vote: vote == 2 ? (bool?)null : vote == 1)).ToDictionary(pair => pair.Id, pair => pair.Vote));

    [Fact]
    public void The_committed_index_is_the_highest_that_a_majority_of_each_half_has_reached() =>
        Gen.Select(Ids, Ids, Indexes).Sample((incoming, outgoing, indexes) =>
        {
            var expected = Enumerable.Range(0, 7).Reverse().Select(index => (long)index).First(index =>
                HasReached(incoming, indexes, index) && HasReached(outgoing, indexes, index));
            if (incoming.Length == 0 && outgoing.Length == 0)
            {
                expected = MajorityConfig.Unbounded;
            }

            Assert.Equal(expected, Joint(incoming, outgoing).CommittedIndex(new IndexIn(indexes)));
            Assert.Equal(expected, Joint(outgoing, incoming).CommittedIndex(new IndexIn(indexes)));
        });

    [Fact]
    public void A_vote_is_won_or_lost_when_no_missing_answer_can_change_it() =>
        Gen.Select(Ids, Ids, Votes).Sample((incoming, outgoing, votes) =>
        {
            var outcomes = Completions(votes, [.. incoming.Union(outgoing)])
                .Select(complete => HasGranted(incoming, complete) && HasGranted(outgoing, complete)).Distinct().ToArray();
            // Both halves may still be open while no completion can win one of them and lose ... then it is decided; the halves are judged apart.
            var expected = Judge(incoming, votes) is var left && Judge(outgoing, votes) is var right && left == right ? left
                : left is VoteResult.Lost || right is VoteResult.Lost ? VoteResult.Lost : VoteResult.Pending;
            var actual = Joint(incoming, outgoing).VoteResult(new VoteIn(votes));
            Assert.Equal(expected, actual);
            Assert.True(actual is not VoteResult.Won || outcomes is [true], "won, but an answer could change it");
            Assert.True(actual is not VoteResult.Lost || outcomes is [false], "lost, but an answer could change it");
        });

    [Fact]
    public void Two_majorities_of_one_configuration_share_a_voter() => Ids.Sample(ids =>
    {
        var winners = Subsets(ids).Where(subset => ids.Length > 0 && Joint(ids, []).VoteResult(new VoteIn(Of(ids, subset))) is VoteResult.Won).ToArray();
        Assert.All(winners, left => Assert.All(winners, right => Assert.NotEmpty(left.Intersect(right))));
    });

    [Fact]
    public void A_joint_majority_shares_a_voter_with_each_majority_of_either_half() =>
        Gen.Select(Gen.Long[1, 6].HashSet[1, 5], Gen.Long[1, 6].HashSet[1, 5]).Sample((incoming, outgoing) =>
        {
            long[] first = [.. incoming.Order()], second = [.. outgoing.Order()], all = [.. first.Union(second).Order()];
            var joint = Subsets(all).Where(subset => Joint(first, second).VoteResult(new VoteIn(Of(all, subset))) is VoteResult.Won).ToArray();
            foreach (var half in new[] { first, second })
            {
                var single = Subsets(half).Where(subset => Joint(half, []).VoteResult(new VoteIn(Of(half, subset))) is VoteResult.Won).ToArray();
                Assert.All(joint, left => Assert.All(single, right => Assert.NotEmpty(left.Intersect(right))));
            }
        }, iter: 50);

    [Fact]
    public void Only_the_one_voter_of_each_half_is_alone() =>
        Gen.Select(Ids, Ids, Gen.Long[1, 9]).Sample((incoming, outgoing, id) =>
            Assert.Equal(incoming.SequenceEqual([id]) && (outgoing.Length == 0 || outgoing.SequenceEqual([id])), Joint(incoming, outgoing).IsSoleVoter(new ReplicaId(id))));

    private static JointConfig Joint(long[] incoming, long[] outgoing) => new(Majority(incoming), Majority(outgoing));

    private static MajorityConfig Majority(long[] ids) => new([.. ids.Select(id => new ReplicaId(id))]);

    private static bool HasReached(long[] ids, Dictionary<long, long> indexes, long index) =>
        ids.Length == 0 || ids.Count(id => indexes[id] >= index) > ids.Length / 2;

    private static bool HasGranted(long[] ids, Dictionary<long, bool?> votes) =>
        ids.Length == 0 || ids.Count(id => votes[id] == true) > ids.Length / 2;

    private static VoteResult Judge(long[] ids, Dictionary<long, bool?> votes)
    {
        var outcomes = Completions(votes, ids).Select(complete => HasGranted(ids, complete)).Distinct().ToArray();
        return outcomes is [var only] ? (only ? VoteResult.Won : VoteResult.Lost) : VoteResult.Pending;
    }

    private static IEnumerable<Dictionary<long, bool?>> Completions(Dictionary<long, bool?> votes, long[] ids)
    {
        var missing = ids.Where(id => votes[id] is null).ToArray();
        return Subsets(missing).Select(granted =>
        {
            var complete = new Dictionary<long, bool?>(votes);
            foreach (var id in missing)
            {
                complete[id] = granted.Contains(id);
            }

            return complete;
        });
    }

    private static IEnumerable<long[]> Subsets(long[] ids) =>
        Enumerable.Range(0, 1 << ids.Length).Select(bits => ids.Where((_, i) => (bits >> i & 1) == 1).ToArray());

    private static Dictionary<long, bool?> Of(long[] ids, long[] granted) => ids.ToDictionary(id => id, id => (bool?)granted.Contains(id));

    private readonly struct IndexIn(Dictionary<long, long> indexes) : IReplicaIndex
    {
        public long IndexOf(ReplicaId id) => indexes[id.Value];
    }

    private readonly struct VoteIn(Dictionary<long, bool?> votes) : IReplicaVotes
    {
        public bool? VoteOf(ReplicaId id) => votes[id.Value];
    }
}
