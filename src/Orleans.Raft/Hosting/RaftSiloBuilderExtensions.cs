using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Orleans.Raft;
using Orleans.Raft.Hosting;
using Orleans.Runtime;
using Orleans.Runtime.Hosting;

namespace Orleans.Hosting;

/// <summary>Registers Raft groups with a silo.</summary>
public static class RaftSiloBuilderExtensions
{
    /// <summary>Lets this silo hold and use Raft groups. May be called more than once; the options add up.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="configure">Sets options; those of the same in all silos at the cluster's birth.</param>
    public static ISiloBuilder AddRaft(this ISiloBuilder builder, Action<RaftOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (configure is not null)
        {
            builder.Services.Configure(configure);
        }

        if (builder.Services.Any(service => service.ServiceType == typeof(RaftHost)))
        {
            return builder;
        }

        builder.Services.AddOptions<RaftOptions>();
        builder.Services.AddTransient<IConfigurationValidator, RaftOptionsValidator>();
        builder.Services.AddSingleton<RaftHost>();
        builder.Services.AddSingleton<IRaftGroupFactory>(services => services.GetRequiredService<RaftHost>().Groups);
        builder.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(services => services.GetRequiredService<RaftHost>());
        builder.Services.AddSingleton<SiloDirectory>();
        builder.Services.AddSingleton<RaftEndpointClient>();
        builder.Services.AddGrainService<RaftEndpoint>();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddPlacementDirector<PinnedPlacement, PinnedPlacementDirector>();
        builder.Services.AddGrainDirectory(PinnedGrainDirectory.Name, static (services, _) => new PinnedGrainDirectory(services.GetRequiredService<SiloDirectory>()));
        return builder;
    }

    /// <summary>Adds a family of groups whose state is a <typeparamref name="TStateMachine"/>, one instance a replica.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="name">Name of the family, for <see cref="IRaftGroupFactory.GetGroup"/>.</param>
    /// <param name="configure">Number of groups and of their replicas.</param>
    public static ISiloBuilder AddRaftGroup<TStateMachine>(this ISiloBuilder builder, string name, Action<RaftGroupOptions>? configure = null)
        where TStateMachine : class, IStateMachine =>
        builder.AddRaftGroup(name, static (services, _) => ActivatorUtilities.CreateInstance<TStateMachine>(services), configure);

    /// <summary>Adds a family of groups whose state machines a function makes.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="name">Name of the family.</param>
    /// <param name="create">Makes the state machine of this silo's replica of one group.</param>
    /// <param name="configure">Number of groups and of their replicas.</param>
    public static ISiloBuilder AddRaftGroup(
        this ISiloBuilder builder, string name, Func<IServiceProvider, RaftGroupId, IStateMachine> create, Action<RaftGroupOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(create);
        var options = new RaftGroupOptions();
        configure?.Invoke(options);
        builder.AddRaft();
        builder.Services.AddSingleton(new RaftGroupFamily(name, options, create));
        return builder;
    }
}
