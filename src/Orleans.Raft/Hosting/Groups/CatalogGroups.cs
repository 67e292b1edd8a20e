using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>The groups of a family, as the catalog's few numbers spell them out.</summary>
internal static class CatalogGroups
{
    /// <summary>The meta group, whose members are the founders.</summary>
    public static readonly RaftGroupId MetaId = new("$meta", 0);

    /// <summary>The meta group of a cluster.</summary>
    public static GroupDescriptor Meta(Genesis genesis) =>
        new(MetaId, 0, [.. genesis.Silos.Select(silo => new GroupMember(silo.Replica, silo.Silo))]);

    /// <summary>One group of a family: its first replicas are on the family's silos in turn.</summary>
    public static GroupDescriptor Group(CatalogFamily family, int index)
    {
        var members = new List<GroupMember>(family.ReplicationFactor);
        for (var i = 0; i < family.ReplicationFactor; i++)
        {
            var position = (index + i) % family.Silos.Length;
            members.Add(new GroupMember(new ReplicaId(position + 1), family.Silos[position]));
        }

        return new GroupDescriptor(new RaftGroupId(family.Name, index), family.Incarnation, members);
    }

    /// <summary>The family that the registration asks for.</summary>
    public static CatalogFamily Wish(RaftGroupFamily family) =>
        new(family.Name, family.Options.Groups, family.Options.ReplicationFactor, 0, []);
}
