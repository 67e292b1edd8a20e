using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Serialization.Serializers;

namespace Orleans.Raft.Storage.Provider;

/// <summary>Puts a named provider together from the silo's services.</summary>
internal static class RaftGrainStorageFactory
{
    /// <summary>Creates the provider.</summary>
    public static RaftGrainStorage Create(IServiceProvider services, string name) => new(
        name,
        OptionsOf(services, name),
        CreateRouter(services, name),
        services.GetRequiredService<IActivatorProvider>(),
        services.GetRequiredService<ILogger<RaftGrainStorage>>());

    /// <summary>Creates what enumerates the provider's states.</summary>
    public static IRaftStorageCatalog CreateCatalog(IServiceProvider services, object? name)
    {
        var providerName = (string)name!;
        var options = OptionsOf(services, providerName);
        return new RaftStorageCatalog(CreateRouter(services, providerName), options.GrainStorageSerializer, options.MaxStateSize);
    }

    private static RaftGrainStorageOptions OptionsOf(IServiceProvider services, string name) =>
        services.GetRequiredService<IOptionsMonitor<RaftGrainStorageOptions>>().Get(name);

    private static GroupRouter CreateRouter(IServiceProvider services, string name) => new(
        services.GetRequiredService<IOptions<ClusterOptions>>().Value.ServiceId,
        name,
        services.GetRequiredService<IRaftGroupFactory>());
}
