using Microsoft.Extensions.Logging;
using Orleans.Raft.Core;
using Orleans.Runtime;

namespace Orleans.Raft.Hosting;

/// <inheritdoc cref="IRaftEndpoint"/>
internal sealed class RaftEndpoint(GrainId id, Silo silo, ILoggerFactory loggers, RaftHost host) : GrainService(id, silo, loggers), IRaftEndpoint
{
    private readonly RaftHost _host = host;

    /// <inheritdoc/>
    public override async Task Init(IServiceProvider serviceProvider)
    {
        await base.Init(serviceProvider);
        _host.StartOn(new GrainScheduler(Scheduler));
    }

    /// <inheritdoc/>
    public Task<LaneAck> DeliverAsync(byte[] batch) => Task.FromResult(_host.Deliver(batch));

    /// <inheritdoc/>
    public Task<BirthAnswer> AskBirthAsync(BirthQuestion question) => Task.FromResult(_host.AnswerBirth(question));

    /// <inheritdoc/>
    public Task<CatalogAnswer> CatalogAsync(long knownVersion) => Task.FromResult(_host.AnswerCatalog(knownVersion));

    /// <inheritdoc/>
    public Task<SiloReport> ReportAsync(string name, int index) => _host.ReportAsync(name, index);

    /// <inheritdoc/>
    public Task<string> TransferAsync(string name, int index, long replica) =>
        _host.TransferHereAsync(new RaftGroupId(name, index), new ReplicaId(replica));

    /// <inheritdoc/>
    public Task<string> MarkAsync(string name, int index, Guid mark) => _host.MarkHereAsync(new RaftGroupId(name, index), mark);

    /// <inheritdoc/>
    public Task<StateChecksum> ChecksumAsync(string name, int index, Guid mark) => _host.ChecksumHereAsync(new RaftGroupId(name, index), mark);
}

/// <summary>The scheduler of a grain or of the endpoint.</summary>
internal sealed class GrainScheduler(IWorkItemScheduler scheduler) : IReplicaScheduler
{
    private readonly IWorkItemScheduler _scheduler = scheduler;

    /// <inheritdoc/>
    public void Post(Action<object?> action, object? state) => _scheduler.QueueAction(action!, state!);
}

/// <summary>Lanes by grain calls.</summary>
internal sealed class GrainCallTransport(RaftEndpointClient endpoints, SiloDirectory silos) : ILaneTransport
{
    private readonly RaftEndpointClient _endpoints = endpoints;
    private readonly SiloDirectory _silos = silos;

    /// <inheritdoc/>
    public Task<LaneAck> SendAsync(string peer, byte[] batch)
    {
        var address = _silos.Find(peer);
        return address is null
            ? Task.FromException<LaneAck>(new RaftUnavailableException($"No address of the silo {peer} is known yet."))
            : _endpoints.On(address).DeliverAsync(batch);
    }
}
