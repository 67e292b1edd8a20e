using System.Collections.Immutable;
using CsCheck;
using Orleans.Raft.Core;
using Xunit;

namespace Orleans.Raft.Tests.Core.Properties;

/// <summary>The configuration changer against a model of sets, and what makes a chain of configurations safe.</summary>
public sealed class ChangerProperties
{
    private static readonly Gen<ConfChangeSingle> Operation =
        Gen.Select(Gen.Int[0, 3], Gen.Long[0, 6]).Select((type, id) => new ConfChangeSingle((ConfChangeType)type, new ReplicaId(id)));

    private static readonly Gen<ConfChangeV2> Change = Gen.Frequency(
        (2, Gen.Const(new ConfChangeV2())),
        (3, Operation.Select(operation => new ConfChangeV2 { Changes = [operation] })),
        (3, Gen.Select(Gen.Int[0, 2], Operation.Array[0, 4]).Select((transition, operations) =>
            new ConfChangeV2 { Transition = (ConfChangeTransition)transition, Changes = [.. operations] })));

    [Fact]
    public void Each_change_does_what_a_model_of_sets_does() =>
        Gen.Select(Gen.Long[1, 6].HashSet[1, 5], Change.Array[1, 25]).Sample((voters, changes) =>
        {
            var tracker = Tracker(ConfState.Of(voters.Select(id => new ReplicaId(id))));
            var model = Model.Of(tracker.ConfState());
            var last = 0L;
            foreach (var change in changes)
            {
                var before = tracker.ConfState();
                var peersBefore = Peers(tracker);
                var expected = model.After(change);
                var problem = ConfChanger.TryApply(tracker, ++last, change);
                Assert.Equal(expected is null, problem is not null);
                if (expected is null)
                {
                    Assert.Equal(before, tracker.ConfState());
                    Assert.Equal(peersBefore, Peers(tracker));
                    continue;
                }

                model = expected;
                Assert.Equal(model.ToConfState(), tracker.ConfState());
                AssertPeers(tracker, peersBefore);
                AssertConsecutiveQuorumsOverlap(before, tracker.ConfState());
                AssertRestored(tracker.ConfState());
            }
        });

    [Fact]
    public void A_check_says_what_applying_would_say_and_changes_nothing() =>
        Gen.Select(Gen.Long[1, 6].HashSet[1, 5], Change.Array[1, 10]).Sample((voters, changes) =>
        {
            var tracker = Tracker(ConfState.Of(voters.Select(id => new ReplicaId(id))));
            foreach (var change in changes)
            {
                var before = (tracker.ConfState(), Peers(tracker));
                var check = ConfChanger.Check(tracker, change);
                Assert.Equal(before.Item1, tracker.ConfState());
                Assert.Equal(before.Item2, Peers(tracker));
                Assert.Equal(check is null, ConfChanger.TryApply(tracker, 1, change) is null);
            }
        });

    private static ProgressTracker Tracker(ConfState state)
    {
        var tracker = new ProgressTracker(10, 0);
        Assert.Null(ConfChanger.Restore(tracker, 0, state));
        return tracker;
    }

    private static string Peers(ProgressTracker tracker)
    {
        var text = "";
        foreach (var peer in tracker.Peers)
        {
            text += peer + "\n";
        }

        return text;
    }

    // Everybody in the configuration has a progress, nobody else has, learners are marked, ids ascend.
    private static void AssertPeers(ProgressTracker tracker, string before)
    {
        var state = tracker.ConfState();
        var ids = new List<ReplicaId>();
        foreach (var peer in tracker.Peers)
        {
            ids.Add(peer.Id);
            Assert.Equal(state.Learners.Contains(peer.Id), peer.IsLearner);
            if (!before.Contains($"{peer.Id}: ", StringComparison.Ordinal))
            {
                Assert.True(peer.IsRecentlyActive, "a newcomer must not unseat the leader at the next quorum check");
            }
        }

        Assert.Equal(state.Voters.Union(state.VotersOutgoing).Union(state.Learners).Order(), ids);
    }

    private static void AssertRestored(ConfState state) => Assert.Equal(state, Tracker(state).ConfState());

    // Raft §6: two configurations that follow each other never decide apart from each other.
    private static void AssertConsecutiveQuorumsOverlap(ConfState before, ConfState after)
    {
        var left = Quorums(before);
        var right = Quorums(after);
        Assert.All(left, quorum => Assert.All(right, other => Assert.True((quorum & other) != 0, $"{before} and {after} have disjoint quorums")));
    }

    private static List<int> Quorums(ConfState state) =>
        [.. Enumerable.Range(0, 128).Where(members => IsMajority(state.Voters, members) && (state.VotersOutgoing.IsEmpty || IsMajority(state.VotersOutgoing, members)))];

    private static bool IsMajority(ImmutableArray<ReplicaId> voters, int members) =>
        voters.Count(voter => (members >> (int)voter.Value & 1) == 1) > voters.Length / 2;

    /// <summary>Joint consensus as four sets.</summary>
    private sealed record Model(ImmutableSortedSet<ReplicaId> Incoming, ImmutableSortedSet<ReplicaId> Outgoing, ImmutableSortedSet<ReplicaId> Learners, ImmutableSortedSet<ReplicaId> Next, bool AutoLeave)
    {
        public static Model Of(ConfState state) =>
            new([.. state.Voters], [.. state.VotersOutgoing], [.. state.Learners], [.. state.LearnersNext], state.AutoLeave);

        public ConfState ToConfState() => new()
        {
            Voters = [.. Incoming], VotersOutgoing = [.. Outgoing], Learners = [.. Learners], LearnersNext = [.. Next], AutoLeave = AutoLeave,
        };

        /// <summary>The configuration after a change, or null where it is impossible.</summary>
        public Model? After(ConfChangeV2 change)
        {
            if (change.Changes.IsEmpty && change.Transition is ConfChangeTransition.Auto)
            {
                return Outgoing.IsEmpty ? null : this with { Outgoing = [], Learners = Learners.Union(Next), Next = [], AutoLeave = false };
            }

            var joint = change.Changes.Length > 1 || change.Transition is not ConfChangeTransition.Auto;
            if (!Outgoing.IsEmpty || (joint && Incoming.IsEmpty))
            {
                return null;
            }

            var start = joint ? this with { Outgoing = Incoming, AutoLeave = change.Transition is not ConfChangeTransition.JointExplicit } : this;
            var after = change.Changes.Where(operation => !operation.Replica.IsNone).Aggregate(start, (model, operation) => model.With(operation));
            var changed = after.Incoming.SymmetricExcept(Incoming).Count;
            return after.Incoming.IsEmpty || (!joint && changed > 1) ? null : after;
        }

        private Model With(ConfChangeSingle operation)
        {
            var id = operation.Replica;
            var without = this with { Incoming = Incoming.Remove(id), Learners = Learners.Remove(id), Next = Next.Remove(id) };
            return operation.Type switch
            {
                ConfChangeType.AddNode => without with { Incoming = without.Incoming.Add(id) },
                ConfChangeType.RemoveNode => without,
                ConfChangeType.UpdateNode => this,
                ConfChangeType.AddLearnerNode when Outgoing.Contains(id) => without with { Next = without.Next.Add(id) },
                ConfChangeType.AddLearnerNode => without with { Learners = without.Learners.Add(id) },
            };
        }
    }
}
