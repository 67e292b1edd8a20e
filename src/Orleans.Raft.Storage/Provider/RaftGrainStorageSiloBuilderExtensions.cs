using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Providers;

namespace Orleans.Hosting;

/// <summary>Registers Raft grain storage with a silo.</summary>
public static class RaftGrainStorageSiloBuilderExtensions
{
    /// <summary>Makes Raft the default grain storage.</summary>
    public static ISiloBuilder AddRaftGrainStorageAsDefault(this ISiloBuilder builder, Action<RaftGrainStorageOptions> configureOptions) =>
        builder.AddRaftGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configureOptions);

    /// <summary>Adds Raft grain storage under a name.</summary>
    public static ISiloBuilder AddRaftGrainStorage(this ISiloBuilder builder, string name, Action<RaftGrainStorageOptions> configureOptions) =>
        builder.ConfigureServices(services => services.AddRaftGrainStorage(name, configureOptions));

    /// <summary>Makes Raft the default grain storage.</summary>
    public static ISiloBuilder AddRaftGrainStorageAsDefault(
        this ISiloBuilder builder, Action<OptionsBuilder<RaftGrainStorageOptions>>? configureOptions = null) =>
        builder.AddRaftGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configureOptions);

    /// <summary>Adds Raft grain storage under a name.</summary>
    public static ISiloBuilder AddRaftGrainStorage(
        this ISiloBuilder builder, string name, Action<OptionsBuilder<RaftGrainStorageOptions>>? configureOptions = null) =>
        builder.ConfigureServices(services => services.AddRaftGrainStorage(name, configureOptions));
}
