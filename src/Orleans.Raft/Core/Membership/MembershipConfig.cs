using System.Collections.Immutable;

namespace Orleans.Raft.Core;

/// <summary>A configuration in the form in which decisions are made. A value: changes make a new one.</summary>
/// <param name="Voters">Who decides.</param>
/// <param name="Learners">Who only listens; never a voter of either half.</param>
/// <param name="LearnersNext">Voters of the outgoing half that become learners when it is left. They keep voting until then.</param>
/// <param name="AutoLeave">The leader leaves the joint configuration by itself.</param>
internal sealed record MembershipConfig(
    JointConfig Voters,
    ImmutableArray<ReplicaId> Learners,
    ImmutableArray<ReplicaId> LearnersNext,
    bool AutoLeave)
{
    public static readonly MembershipConfig Empty = new(default, [], [], false);

    /// <summary>What is always true of a configuration (thesis §4.1, §4.3), however it came about.</summary>
    public void AssertInvariants()
    {
        Voters.Incoming.AssertInvariants();
        Voters.Outgoing.AssertInvariants();
        Invariant.Holds(!Voters.IsJoint || !Voters.Incoming.IsEmpty, $"a joint configuration that leads to one without voters: {this}");
        Invariant.Holds(Voters.IsJoint || !AutoLeave, $"there is nothing to leave: {this}");
        Invariant.Holds(Voters.IsJoint || LearnersNext.IsEmpty, $"nobody is about to be demoted: {this}");
        foreach (var learner in Learners)
        {
            // It would be counted in a quorum by its acknowledgements and ignored in another by its role.
            Invariant.Holds(!Voters.Contains(learner), $"{learner} votes and learns: {this}");
        }

        foreach (var next in LearnersNext)
        {
            Invariant.Holds(Voters.Outgoing.Contains(next), $"{next} is to be demoted and does not vote: {this}");
            Invariant.Holds(!Voters.Incoming.Contains(next), $"{next} is to be demoted and stays a voter: {this}");
        }
    }

    public override string ToString() =>
        $"voters={Voters}{Ids(" learners", Learners)}{Ids(" learners_next", LearnersNext)}{(AutoLeave ? " autoleave" : "")}";

    private static string Ids(string name, ImmutableArray<ReplicaId> ids) => ids.IsEmpty ? "" : $"{name}=({string.Join(' ', ids)})";
}
