using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <summary>A replica's place.</summary>
/// <param name="Replica">Its number, never used twice in the group.</param>
/// <param name="Silo">Stable name of the silo that holds it.</param>
internal readonly record struct GroupMember(ReplicaId Replica, string Silo);

/// <summary>What a silo knows of a group: its birth and who holds it.</summary>
/// <param name="Id">Name.</param>
/// <param name="Incarnation">Which birth of the group; what names another is dropped.</param>
/// <param name="Members">Its replicas.</param>
internal sealed record GroupDescriptor(RaftGroupId Id, long Incarnation, IReadOnlyList<GroupMember> Members)
{
    /// <summary>The replica that a silo holds; none if it holds none.</summary>
    public ReplicaId ReplicaOn(string silo)
    {
        foreach (var member in Members)
        {
            if (string.Equals(member.Silo, silo, StringComparison.Ordinal))
            {
                return member.Replica;
            }
        }

        return ReplicaId.None;
    }

    /// <summary>The silo that holds a replica; null if the replica is not known.</summary>
    public string? SiloOf(ReplicaId replica)
    {
        foreach (var member in Members)
        {
            if (member.Replica == replica)
            {
                return member.Silo;
            }
        }

        return null;
    }
}
