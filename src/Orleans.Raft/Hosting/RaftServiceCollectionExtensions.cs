using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Raft;
using Orleans.Raft.Hosting;
using Orleans.Runtime;
using Orleans.Runtime.Hosting;

namespace Orleans.Hosting;

/// <summary>Registers Raft groups with the services of a silo.</summary>
public static class RaftServiceCollectionExtensions
{
    /// <summary>Lets this silo hold and use Raft groups. May be called more than once; the options add up.</summary>
    /// <param name="services">The silo's services.</param>
    /// <param name="configure">Sets options; the same in all silos at the cluster's birth.</param>
    public static IServiceCollection AddRaft(this IServiceCollection services, Action<RaftOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (configure is not null)
        {
            services.Configure(configure);
        }

        if (services.Any(service => service.ServiceType == typeof(RaftHost)))
        {
            return services;
        }

        services.AddOptions<RaftOptions>();
        services.AddMetrics();
        services.AddTransient<IConfigurationValidator, RaftOptionsValidator>();
        services.AddSingleton<IPostConfigureOptions<SiloOptions>, LoneSiloName>();
        services.AddSingleton<RaftHost>();
        services.AddSingleton<IRaftGroupFactory>(provider => provider.GetRequiredService<RaftHost>().Groups);
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<RaftHost>());
        services.AddSingleton<SiloDirectory>();
        services.AddSingleton<RaftEndpointClient>();
        services.AddGrainService<RaftEndpoint>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddPlacementDirector<PinnedPlacement, PinnedPlacementDirector>();
        services.AddGrainDirectory(
            PinnedGrainDirectory.Name, static (provider, _) => new PinnedGrainDirectory(provider.GetRequiredService<SiloDirectory>()));
        return services;
    }

    /// <summary>Adds a family of groups whose state is a <typeparamref name="TStateMachine"/>, one instance a replica.</summary>
    /// <param name="services">The silo's services.</param>
    /// <param name="name">Name of the family, for <see cref="IRaftGroupFactory.GetGroup"/>.</param>
    /// <param name="configure">Number of groups and of their replicas.</param>
    public static IServiceCollection AddRaftGroup<TStateMachine>(
        this IServiceCollection services, string name, Action<RaftGroupOptions>? configure = null)
        where TStateMachine : class, IStateMachine =>
        services.AddRaftGroup(name, static (provider, _) => ActivatorUtilities.CreateInstance<TStateMachine>(provider), configure);

    /// <summary>Adds a family of groups whose state machines a function makes.</summary>
    /// <param name="services">The silo's services.</param>
    /// <param name="name">Name of the family.</param>
    /// <param name="create">Makes the state machine of this silo's replica of one group.</param>
    /// <param name="configure">Number of groups and of their replicas.</param>
    public static IServiceCollection AddRaftGroup(
        this IServiceCollection services,
        string name,
        Func<IServiceProvider, RaftGroupId, IStateMachine> create,
        Action<RaftGroupOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(create);
        var options = new RaftGroupOptions();
        configure?.Invoke(options);
        services.AddRaft();
        services.AddSingleton(new RaftGroupFamily(name, options, (provider, birth) => create(provider, birth.Id)));
        return services;
    }
}
