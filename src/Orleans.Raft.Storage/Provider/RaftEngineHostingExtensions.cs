using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Raft;
using Orleans.Raft.Storage.Engine;

namespace Orleans.Hosting;

/// <summary>Registers the storage engine: the durable log of a silo's Raft groups and the state store beside it.</summary>
public static class RaftEngineHostingExtensions
{
    /// <summary>Keeps the silo's Raft groups on disk, in <see cref="RaftOptions.DataDirectory"/>. May be called more than once; the options add up.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="configure">Sets options.</param>
    public static ISiloBuilder AddRaftEngine(this ISiloBuilder builder, Action<RaftEngineOptions>? configure = null) =>
        builder.ConfigureServices(services => services.AddRaftEngine(configure));

    /// <inheritdoc cref="AddRaftEngine(ISiloBuilder, Action{RaftEngineOptions})"/>
    /// <param name="services">The silo's services.</param>
    /// <param name="configure">Sets options.</param>
    public static IServiceCollection AddRaftEngine(this IServiceCollection services, Action<RaftEngineOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<RaftEngineOptions>();
        if (configure is not null)
        {
            services.Configure(configure);
        }

        services.TryAddSingleton(static provider => new StorageEngine(
            provider.GetRequiredService<IOptions<RaftEngineOptions>>().Value, provider.GetService<TimeProvider>()));
        services.TryAddSingleton<ILogStoreFactory>(static provider => provider.GetRequiredService<StorageEngine>());
        services.TryAddSingleton<IStateStoreFactory>(static provider => provider.GetRequiredService<StorageEngine>());
        return services;
    }
}
