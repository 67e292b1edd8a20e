using System.Collections.Immutable;
using Orleans.Raft.Core;

namespace Orleans.Raft.Wire;

/// <summary>A silo of the cluster and the one store that is its own.</summary>
/// <param name="Replica">Its number in the meta group.</param>
/// <param name="Silo">Its stable name.</param>
/// <param name="Store">Its store.</param>
/// <param name="OpenCounter">Highest opening of the store that was announced; 0 before the first.</param>
/// <param name="Life">Random number of the process that announced it, so that a repeated announcement is not taken for another process's.</param>
internal sealed record SiloBinding(ReplicaId Replica, string Silo, Guid Store, long OpenCounter, Guid Life);

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

/// <summary>What the meta group says: all that was ever created in this cluster.</summary>
/// <param name="Cluster">The cluster's incarnation.</param>
/// <param name="Version">Index of the entry that changed it last.</param>
/// <param name="Silos">Silos and their stores.</param>
/// <param name="Families">Families of groups.</param>
internal sealed record Catalog(
    Guid Cluster, long Version, ImmutableArray<SiloBinding> Silos, ImmutableArray<CatalogFamily> Families);

/// <summary>A command of the meta group; one of the two.</summary>
/// <param name="Create">Creates a family, if there is none of the name; its incarnation and silos are the state machine's.</param>
/// <param name="Announce">A silo says which store, in which opening, it runs on.</param>
internal sealed record MetaCommand(CatalogFamily? Create, SiloBinding? Announce);

/// <summary>What a silo keeps beside the meta group's log.</summary>
/// <param name="Genesis">The birth that it took part in.</param>
/// <param name="CreatedFamilies">Families whose replicas it has made; a log of them that is missing is lost, not new.</param>
internal sealed record MetaRecord(Genesis Genesis, ImmutableArray<string> CreatedFamilies);
