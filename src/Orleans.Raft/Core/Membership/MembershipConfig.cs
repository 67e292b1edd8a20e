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

    public override string ToString() =>
        $"voters={Voters}{Ids(" learners", Learners)}{Ids(" learners_next", LearnersNext)}{(AutoLeave ? " autoleave" : "")}";

    private static string Ids(string name, ImmutableArray<ReplicaId> ids) => ids.IsEmpty ? "" : $"{name}=({string.Join(' ', ids)})";
}
