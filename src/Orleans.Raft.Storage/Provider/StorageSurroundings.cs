using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Orleans.Raft.Storage.Provider;

/// <summary>What a provider's options must fit, besides themselves.</summary>
/// <param name="LaneWindowBytes">Bytes on their way to one silo.</param>
/// <param name="MaxMessageBodySize">Largest message of Orleans.</param>
/// <param name="ResponseTimeout">After which Orleans gives a grain call up.</param>
/// <param name="DefaultRequestTimeout">A request's time where the provider says none.</param>
/// <param name="Services">The silo's services.</param>
/// <param name="Logger">For what is allowed and not good.</param>
internal sealed record StorageSurroundings(
    long LaneWindowBytes,
    long MaxMessageBodySize,
    TimeSpan ResponseTimeout,
    TimeSpan DefaultRequestTimeout,
    IServiceProvider Services,
    ILogger Logger)
{
    /// <summary>Those of a silo.</summary>
    public static StorageSurroundings Of(IServiceProvider services)
    {
        var raft = services.GetRequiredService<IOptions<RaftOptions>>().Value;
        var messaging = services.GetRequiredService<IOptions<SiloMessagingOptions>>().Value;
        return new StorageSurroundings(
            raft.LaneWindowBytes,
            messaging.MaxMessageBodySize,
            messaging.ResponseTimeout,
            raft.RequestTimeout,
            services,
            services.GetRequiredService<ILogger<RaftGrainStorage>>());
    }
}
