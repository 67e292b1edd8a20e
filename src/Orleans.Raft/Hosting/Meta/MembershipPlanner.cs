using System.Collections.Immutable;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>
/// The next step from a group's configuration to where the meta group wants its replicas: a newcomer learns first and votes once it has caught up; with
/// its promotion one that leaves goes, in one joint change; one newcomer at a time (SAFETY-RULES B11).
/// </summary>
internal static class MembershipPlanner
{
    /// <summary>Committed entries that a learner may lack when it is promoted.</summary>
    public const long MaxLag = 500;

    /// <summary>The next step; only a leader has one.</summary>
    public static MembershipStep Next(RaftStatus status, GroupPlacement placement)
    {
        if (status.SoftState.Role != RaftRole.Leader)
        {
            return MembershipStep.Wait("does not lead");
        }

        var conf = status.ConfState;
        if (conf.IsJoint)
        {
            return MembershipStep.Wait("leaves the joint configuration");
        }

        var stay = placement.Replicas.Where(replica => !replica.IsLeaving).Select(replica => replica.Replica).ToImmutableSortedSet();
        var over = placement.Replicas.Where(replica => replica.IsLeaving).Select(replica => replica.Replica).Concat(placement.Removed).ToImmutableSortedSet();
        var step = Grow(status, stay, over) ?? Shrink(status, stay, over);
        if (step is not null)
        {
            return step;
        }

        var left = placement.Replicas.Where(replica => replica.IsLeaving && !IsIn(conf, replica.Replica)).Select(replica => replica.Replica).ToImmutableArray();
        return new MembershipStep(null, default, left, left.IsEmpty ? "is as wished" : "has let them go") { IsDone = left.IsEmpty };
    }

    private static MembershipStep? Grow(RaftStatus status, ImmutableSortedSet<ReplicaId> stay, ImmutableSortedSet<ReplicaId> over)
    {
        var conf = status.ConfState;
        foreach (var learner in conf.Learners)
        {
            if (over.Contains(learner))
            {
                return Of($"removes the learner {learner}", new ConfChangeSingle(ConfChangeType.RemoveNode, learner));
            }
        }

        foreach (var learner in conf.Learners.Where(stay.Contains))
        {
            if (!HasCaughtUp(status, learner))
            {
                return MembershipStep.Wait($"waits for the learner {learner} to catch up");
            }

            var goes = conf.Voters.FirstOrDefault(voter => over.Contains(voter) && voter != status.Id);
            return goes.IsNone
                ? Of($"makes {learner} a voter", new ConfChangeSingle(ConfChangeType.AddNode, learner))
                : Of(
                    $"makes {learner} a voter in place of {goes}",
                    new ConfChangeSingle(ConfChangeType.AddNode, learner),
                    new ConfChangeSingle(ConfChangeType.RemoveNode, goes));
        }

        var missing = stay.FirstOrDefault(replica => !IsIn(conf, replica));
        return missing.IsNone ? null : Of($"adds {missing} as a learner", new ConfChangeSingle(ConfChangeType.AddLearnerNode, missing));
    }

    private static MembershipStep? Shrink(RaftStatus status, ImmutableSortedSet<ReplicaId> stay, ImmutableSortedSet<ReplicaId> over)
    {
        var voters = status.ConfState.Voters;
        var going = voters.Where(over.Contains).ToImmutableArray();
        if (going.IsEmpty)
        {
            return null;
        }

        var others = going.Remove(status.Id);
        if (others.IsEmpty)
        {
            // A leader that leaves hands over first: nobody has to wait for an election.
            var heir = status.Peers
                .Where(peer => peer.Id != status.Id && stay.Contains(peer.Id) && voters.Contains(peer.Id) && peer.IsRecentlyActive)
                .DefaultIfEmpty()
                .MaxBy(peer => peer.Match);
            return heir.Id.IsNone
                ? MembershipStep.Wait("leaves, and nobody is there to lead")
                : new MembershipStep(null, heir.Id, [], "it leaves the group");
        }

        var rest = voters.RemoveRange(others);
        var alive = rest.Count(voter => voter == status.Id || status.Peers.Any(peer => peer.Id == voter && peer.IsRecentlyActive));
        return alive <= rest.Length / 2
            ? MembershipStep.Wait($"can't let {string.Join(", ", others)} go: of the others only {alive} of {rest.Length} answer")
            : Of($"removes {string.Join(", ", others)}", [.. others.Select(voter => new ConfChangeSingle(ConfChangeType.RemoveNode, voter))]);
    }

    private static bool HasCaughtUp(RaftStatus status, ReplicaId learner)
    {
        var peer = status.Peers.FirstOrDefault(peer => peer.Id == learner);
        return peer.State == ProgressState.Replicate && peer.IsRecentlyActive && peer.Match + MaxLag >= status.HardState.Commit;
    }

    private static bool IsIn(ConfState conf, ReplicaId replica) => conf.Voters.Contains(replica) || conf.Learners.Contains(replica);

    private static MembershipStep Of(string description, params ImmutableArray<ConfChangeSingle> changes) =>
        new(new ConfChangeV2 { Changes = changes }, default, [], description);
}

/// <summary>A step of a change of membership.</summary>
/// <param name="Change">What to propose, or null.</param>
/// <param name="TransferTo">Whom to hand leadership to, or none.</param>
/// <param name="Left">Leaving replicas that are out of the configuration.</param>
/// <param name="Description">What it is, for logs and progress.</param>
internal sealed record MembershipStep(ConfChangeV2? Change, ReplicaId TransferTo, ImmutableArray<ReplicaId> Left, string Description)
{
    /// <summary>True when nothing is left to do.</summary>
    public bool IsDone { get; init; }

    /// <summary>Nothing can be done now.</summary>
    public static MembershipStep Wait(string reason) => new(null, default, [], reason);
}
