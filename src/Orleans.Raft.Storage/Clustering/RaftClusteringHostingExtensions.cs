using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Raft;
using Orleans.Raft.Storage.Clustering;
using Orleans.Runtime;

namespace Orleans.Hosting;

/// <summary>Registers clustering without a database.</summary>
public static class RaftClusteringHostingExtensions
{
    /// <summary>Keeps the membership table in a Raft group among the silos that <see cref="RaftClusteringOptions.Voters"/> names.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="configure">Sets the options.</param>
    public static ISiloBuilder UseRaftClustering(this ISiloBuilder builder, Action<RaftClusteringOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        return builder.UseRaftClustering(options => options.Configure(configure));
    }

    /// <summary>Keeps the membership table in a Raft group among the silos that <see cref="RaftClusteringOptions.Voters"/> names.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="configure">Sets the options, for instance from services.</param>
    public static ISiloBuilder UseRaftClustering(this ISiloBuilder builder, Action<OptionsBuilder<RaftClusteringOptions>>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.ConfigureServices(services =>
        {
            configure?.Invoke(services.AddOptions<RaftClusteringOptions>());
            services.ConfigureFormatter<RaftClusteringOptions>();
            services.AddTransient<IConfigurationValidator>(static services => new RaftClusteringOptionsValidator(
                Options(services), NameOfSilo(services), isSilo: true));
            services.TryAddSingleton(TimeProvider.System);
            services.AddRaftEngine();
            services.AddSingleton(static services => new ClusteringNode(
                ClusteringSettings.From(
                    Options(services),
                    services.GetRequiredService<IOptions<ClusterOptions>>().Value,
                    NameOfSilo(services),
                    isSilo: true,
                    services.GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString(),
                    services.GetRequiredService<IOptions<ClusterMembershipOptions>>().Value.IAmAliveTablePublishTimeout),
                services.GetRequiredService<ILogStoreFactory>(),
                services.GetRequiredService<TimeProvider>(),
                services.GetRequiredService<ILoggerFactory>()));
            services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, ClusteringLifecycle>();
            services.AddSingleton<IRaftClusteringManagement, RaftClusteringManagement>();
            services.AddSingleton<IMembershipTable>(static services => new RaftMembershipTable(
                services.GetRequiredService<ClusteringNode>(),
                services.GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString(),
                services.GetRequiredService<ILogger<RaftMembershipTable>>()));
        });
    }

    /// <summary>Finds gateways through the voters that <see cref="RaftClusteringOptions.Voters"/> names, and through those they name.</summary>
    /// <param name="builder">The client.</param>
    /// <param name="configure">Sets the options.</param>
    public static IClientBuilder UseRaftClustering(this IClientBuilder builder, Action<RaftClusteringOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        return builder.UseRaftClustering(options => options.Configure(configure));
    }

    /// <summary>Finds gateways through the voters that <see cref="RaftClusteringOptions.Voters"/> names, and through those they name.</summary>
    /// <param name="builder">The client.</param>
    /// <param name="configure">Sets the options, for instance from services.</param>
    public static IClientBuilder UseRaftClustering(this IClientBuilder builder, Action<OptionsBuilder<RaftClusteringOptions>>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.ConfigureServices(services =>
        {
            configure?.Invoke(services.AddOptions<RaftClusteringOptions>());
            services.ConfigureFormatter<RaftClusteringOptions>();
            services.AddTransient<IConfigurationValidator>(static services => new RaftClusteringOptionsValidator(Options(services), null, isSilo: false));
            services.TryAddSingleton(TimeProvider.System);
            services.AddSingleton<IGatewayListProvider>(static services => new RaftGatewayListProvider(
                new ClusteringNode(
                    ClusteringSettings.From(
                        Options(services),
                        services.GetRequiredService<IOptions<ClusterOptions>>().Value,
                        Options(services).SiloName ?? "client",
                        isSilo: false,
                        ownSilo: "",
                        TimeSpan.Zero),
                    stores: null,
                    services.GetRequiredService<TimeProvider>(),
                    services.GetRequiredService<ILoggerFactory>()),
                services.GetRequiredService<IOptions<GatewayOptions>>()));
        });
    }

    private static RaftClusteringOptions Options(IServiceProvider services) => services.GetRequiredService<IOptions<RaftClusteringOptions>>().Value;

    private static string NameOfSilo(IServiceProvider services) =>
        Options(services).SiloName ?? services.GetRequiredService<IOptions<SiloOptions>>().Value.SiloName ?? "";
}
