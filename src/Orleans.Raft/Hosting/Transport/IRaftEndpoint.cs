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

    /// <summary>The catalog as this silo knows it, if that is newer than what the asker has.</summary>
    [Alias("Catalog")]
    Task<CatalogAnswer> CatalogAsync(long knownVersion);

    /// <summary>What the silo's replicas say of themselves: those of one group, or of all where the name is empty.</summary>
    [Alias("Report")]
    Task<SiloReport> ReportAsync(string name, int index);

    /// <summary>Tells the silo's replica of a group, if that leads, to hand leadership to another one. Returns what became of the wish.</summary>
    [Alias("Transfer")]
    Task<string> TransferAsync(string name, int index, long replica);

    /// <summary>Proposes a mark for checksums, if the silo's replica of the group leads. Empty when it was taken, else why not.</summary>
    [Alias("Mark")]
    Task<string> MarkAsync(string name, int index, Guid mark);

    /// <summary>Checksum of the silo's replica of a group at a mark.</summary>
    [Alias("Checksum")]
    Task<StateChecksum> ChecksumAsync(string name, int index, Guid mark);
}

/// <summary>Reaches the endpoints of other silos.</summary>
internal sealed class RaftEndpointClient(IServiceProvider services) : GrainServiceClient<IRaftEndpoint>(services)
{
    /// <summary>The endpoint of a silo.</summary>
    public IRaftEndpoint On(SiloAddress silo) => GetGrainService(silo);
}
