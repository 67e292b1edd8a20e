using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Providers;
using Orleans.Raft;
using Orleans.Raft.Hosting;
using Orleans.Raft.Storage.Provider;
using Orleans.Runtime.Hosting;

namespace Orleans.Hosting;

/// <summary>Registers Raft grain storage with a service collection.</summary>
public static class RaftGrainStorageServiceCollectionExtensions
{
    /// <summary>Makes Raft the default grain storage.</summary>
    public static IServiceCollection AddRaftGrainStorageAsDefault(this IServiceCollection services, Action<RaftGrainStorageOptions> configureOptions) =>
        services.AddRaftGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, options => options.Configure(configureOptions));

    /// <summary>Adds Raft grain storage under a name.</summary>
    public static IServiceCollection AddRaftGrainStorage(
        this IServiceCollection services, string name, Action<RaftGrainStorageOptions> configureOptions) =>
        services.AddRaftGrainStorage(name, options => options.Configure(configureOptions));

    /// <summary>Makes Raft the default grain storage.</summary>
    public static IServiceCollection AddRaftGrainStorageAsDefault(
        this IServiceCollection services, Action<OptionsBuilder<RaftGrainStorageOptions>>? configureOptions = null) =>
        services.AddRaftGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configureOptions);

    /// <summary>Adds Raft grain storage under a name.</summary>
    public static IServiceCollection AddRaftGrainStorage(
        this IServiceCollection services, string name, Action<OptionsBuilder<RaftGrainStorageOptions>>? configureOptions = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(name);
        configureOptions?.Invoke(services.AddOptions<RaftGrainStorageOptions>(name));
        services.AddTransient<IConfigurationValidator>(provider => new RaftGrainStorageOptionsValidator(
            provider.GetRequiredService<IOptionsMonitor<RaftGrainStorageOptions>>().Get(name), name, StorageSurroundings.Of(provider)));
        services.TryAddEnumerable(
            ServiceDescriptor.Transient<IPostConfigureOptions<RaftGrainStorageOptions>, RaftGrainStorageSerializerConfigurator>());
        services.ConfigureNamedOptionForLogging<RaftGrainStorageOptions>(name);
        services.TryAddKeyedSingleton<IRaftStorageCatalog>(name, RaftGrainStorageFactory.CreateCatalog);
        services.AddRaftGroups(name);
        return services.AddGrainStorage(name, RaftGrainStorageFactory.Create);
    }

    /// <summary>The provider's groups. Their number is an option that is known only when the silo starts, so the family is built then.</summary>
    private static void AddRaftGroups(this IServiceCollection services, string name)
    {
        services.AddRaft();
        services.AddRaftEngine();
        BackingFactory.Register(services);
        if (!services.Any(service => service.ServiceType == typeof(RaftPlacementDirector)))
        {
            services.AddSingleton<RaftPlacementDirector>();
            services.AddPlacementDirector<RaftPlacement>(provider => provider.GetRequiredService<RaftPlacementDirector>());
        }

        services.AddSingleton(provider =>
        {
            var options = provider.GetRequiredService<IOptionsMonitor<RaftGrainStorageOptions>>().Get(name);
            return new RaftGroupFamily(
                name,
                new RaftGroupOptions { Groups = options.Groups, ReplicationFactor = options.ReplicationFactor, RequestTimeout = options.RequestTimeout },
                (silo, birth) => BackingFactory.CreateMachine(silo, name, options.BackingStorageName, birth));
        });
    }
}
