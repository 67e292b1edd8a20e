using System.Collections.Immutable;
using Orleans.Raft.Core;

namespace Orleans.Raft.Wire;

/// <summary>A silo of the cluster and the one store that is its own.</summary>
/// <param name="Replica">A founder's first number in the meta group; none for who came later.</param>
/// <param name="Silo">Its stable name.</param>
/// <param name="Store">Its store.</param>
/// <param name="OpenCounter">Highest opening of the store that was announced; 0 before the first.</param>
/// <param name="Life">Random number of the process that announced it, so that a repeated announcement is not taken for another process's.</param>
internal sealed record SiloBinding(ReplicaId Replica, string Silo, Guid Store, long OpenCounter, Guid Life)
{
    /// <summary>The silo was removed: it gets no replicas until it is added again.</summary>
    public bool IsRetired { get; init; }

    /// <summary>The highest feature level that the silo's binaries know, as it last said; 0 while it has said nothing.</summary>
    public int FeatureLevel { get; init; }
}

/// <summary>
/// The birth of a cluster: written once, by the first of the initial silos, when all of them had answered that they are fresh; copied and synced by the
/// others before they vote (SAFETY-RULES A1).
/// </summary>
/// <param name="Incarnation">Random; what names another one is of another cluster.</param>
/// <param name="Silos">The founders, numbered from 1.</param>
internal sealed record Genesis(Guid Incarnation, ImmutableArray<SiloBinding> Silos);

/// <summary>A family of groups as it was created.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Groups">Number of groups.</param>
/// <param name="ReplicationFactor">Replicas of each.</param>
/// <param name="Incarnation">Birth of its groups: the index of the meta group's entry that created it.</param>
/// <param name="Silos">Silos over which the groups' first replicas are spread in turn; a silo's place is its replica number in all of them.</param>
internal sealed record CatalogFamily(string Name, int Groups, int ReplicationFactor, long Incarnation, ImmutableArray<string> Silos);

/// <summary>A replica as the meta group has placed it.</summary>
/// <param name="Replica">Its number.</param>
/// <param name="Silo">The silo that holds it.</param>
/// <param name="Store">The store that holds it: another one under the silo's name has never seen it.</param>
/// <param name="IsLeaving">It is to be removed from the group.</param>
internal sealed record PlacedReplica(ReplicaId Replica, string Silo, Guid Store, bool IsLeaving);

/// <summary>Where a group's replicas are, once they are no longer where they were born.</summary>
/// <param name="Group">The group.</param>
/// <param name="NextReplica">The next number that nobody has had.</param>
/// <param name="Replicas">Those that are there, are coming, or are leaving.</param>
/// <param name="Removed">Tombstones: numbers that are over for good (SAFETY-RULES A9).</param>
internal sealed record GroupPlacement(
    RaftGroupId Group, long NextReplica, ImmutableArray<PlacedReplica> Replicas, ImmutableArray<ReplicaId> Removed);

/// <summary>What the meta group says: all that was ever created in this cluster.</summary>
/// <param name="Cluster">The cluster's incarnation.</param>
/// <param name="Version">Index of the entry that changed it last.</param>
/// <param name="Silos">Silos and their stores.</param>
/// <param name="Families">Families of groups.</param>
/// <param name="Placements">Groups whose replicas have been moved since their birth.</param>
internal sealed record Catalog(
    Guid Cluster,
    long Version,
    ImmutableArray<SiloBinding> Silos,
    ImmutableArray<CatalogFamily> Families,
    ImmutableDictionary<RaftGroupId, GroupPlacement> Placements)
{
    /// <summary>
    /// Which formats may be written: what every silo in service knows. It is raised when the last of them has said that it knows more, and never lowered, since what is
    /// written then stays in logs and snapshots (SAFETY-RULES B13). 0 until all have spoken.
    /// </summary>
    public int FeatureLevel { get; init; }
}

/// <summary>A wish to move replicas of one group.</summary>
/// <param name="Group">The group.</param>
/// <param name="Add">Silos that get a replica.</param>
/// <param name="Leave">Silos whose replica goes.</param>
internal sealed record PlacementChange(RaftGroupId Group, ImmutableArray<string> Add, ImmutableArray<string> Leave);

/// <summary>A command of the meta group; one of them.</summary>
internal sealed record MetaCommand
{
    /// <summary>Creates a family, if there is none of the name; its incarnation and silos are the state machine's.</summary>
    public CatalogFamily? Create { get; init; }

    /// <summary>A silo says which store, in which opening, it runs on. A name that nobody has is bound by it.</summary>
    public SiloBinding? Announce { get; init; }

    /// <summary>The store that <see cref="Announce"/> replaces, if it is still the one that is bound (SAFETY-RULES B11).</summary>
    public Guid Former { get; init; }

    /// <summary>Moves replicas: all of it, or nothing where one of the wishes is impossible.</summary>
    public ImmutableArray<PlacementChange> Changes { get; init; } = [];

    /// <summary>A silo that is retired with the changes; empty for none.</summary>
    public string Retire { get; init; } = "";

    /// <summary>A silo that is in service again with the changes; empty for none.</summary>
    public string Admit { get; init; } = "";

    /// <summary>A group one of whose leaving replicas has left its configuration.</summary>
    public RaftGroupId Left { get; init; }

    /// <summary>That replica.</summary>
    public ReplicaId LeftReplica { get; init; }
}

/// <summary>What a silo keeps beside the meta group's log.</summary>
/// <param name="Genesis">The birth of the cluster.</param>
/// <param name="CreatedFamilies">Families whose first replicas it has made; a log of them that is missing is lost, not new.</param>
/// <param name="Replica">Its replica of the meta group; none if it holds none.</param>
/// <param name="Members">Replicas of the meta group as last heard.</param>
internal sealed record MetaRecord(
    Genesis Genesis, ImmutableArray<string> CreatedFamilies, ReplicaId Replica, ImmutableArray<PlacedReplica> Members)
{
    /// <summary>A recovery of this directory has begun and not ended.</summary>
    public bool IsRecovering { get; init; }

    /// <summary>The group's configuration at its birth is void: it was recovered from this directory.</summary>
    public bool IsRecovered { get; init; }
}

/// <summary>What a silo keeps beside a group's log.</summary>
/// <param name="Family">The family as it was created.</param>
/// <param name="Replica">The silo's replica.</param>
/// <param name="Members">Replicas of the group as last heard.</param>
internal sealed record GroupRecord(CatalogFamily Family, ReplicaId Replica, ImmutableArray<PlacedReplica> Members)
{
    /// <summary>The group's configuration at its birth is void: it was recovered from this directory.</summary>
    public bool IsRecovered { get; init; }
}
