using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <summary>A replica's place.</summary>
/// <param name="Replica">Its number, never used twice in the group.</param>
/// <param name="Silo">Stable name of the silo that holds it.</param>
internal readonly record struct GroupMember(ReplicaId Replica, string Silo)
{
    /// <summary>The store that holds it; default while that is not known.</summary>
    public Guid Store { get; init; }

    /// <summary>It is to be removed from the group.</summary>
    public bool IsLeaving { get; init; }
}

/// <summary>What a silo knows of a group: its birth and who holds it.</summary>
/// <param name="Id">Name.</param>
/// <param name="Incarnation">Which birth of the group; what names another is dropped.</param>
/// <param name="Members">Its replicas.</param>
internal sealed record GroupDescriptor(RaftGroupId Id, long Incarnation, IReadOnlyList<GroupMember> Members)
{
    /// <summary>Numbers that are over for good.</summary>
    public IReadOnlyCollection<ReplicaId> Removed { get; init; } = [];

    /// <summary>The replica that a silo holds, rather one that stays than one that leaves; none if it holds none.</summary>
    public ReplicaId ReplicaOn(string silo)
    {
        var leaving = ReplicaId.None;
        foreach (var member in Members)
        {
            if (string.Equals(member.Silo, silo, StringComparison.Ordinal))
            {
                if (!member.IsLeaving)
                {
                    return member.Replica;
                }

                leaving = member.Replica;
            }
        }

        return leaving;
    }

    /// <summary>The silo that holds a replica; null if the replica is not known.</summary>
    public string? SiloOf(ReplicaId replica) => TryFind(replica, out var member) ? member.Silo : null;

    /// <summary>Finds a replica by its number.</summary>
    public bool TryFind(ReplicaId replica, out GroupMember found)
    {
        foreach (var member in Members)
        {
            if (member.Replica == replica)
            {
                found = member;
                return true;
            }
        }

        found = default;
        return false;
    }
}
