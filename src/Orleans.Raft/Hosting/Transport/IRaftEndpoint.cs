using Orleans.Runtime;
using Orleans.Runtime.Services;
using Orleans.Services;

namespace Orleans.Raft.Hosting;

/// <summary>
/// A silo's end of all its lanes. A grain service: addressed by silo, without directory or placement, and answering from before the silo
/// joins until after its last grain is gone.
/// </summary>
[Alias("Orleans.Raft.IRaftEndpoint")]
internal interface IRaftEndpoint : IGrainService
{
    /// <summary>Delivers one batch.</summary>
    [Alias("Deliver")]
    Task<LaneAck> DeliverAsync([Immutable] byte[] batch);

    /// <summary>Says what this silo knows of the cluster's birth.</summary>
    [Alias("AskBirth")]
    Task<BirthAnswer> AskBirthAsync(BirthQuestion question);

    /// <summary>The catalog as this silo knows it; empty if it knows none.</summary>
    [Alias("Catalog")]
    Task<byte[]> CatalogAsync();
}

/// <summary>Reaches the endpoints of other silos.</summary>
internal sealed class RaftEndpointClient(IServiceProvider services) : GrainServiceClient<IRaftEndpoint>(services)
{
    /// <summary>The endpoint of a silo.</summary>
    public IRaftEndpoint On(SiloAddress silo) => GetGrainService(silo);
}
