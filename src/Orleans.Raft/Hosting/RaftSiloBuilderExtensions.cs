using Orleans.Configuration;
using Orleans.Raft;

namespace Orleans.Hosting;

/// <summary>Registers Raft groups with a silo.</summary>
public static class RaftSiloBuilderExtensions
{
    /// <inheritdoc cref="RaftServiceCollectionExtensions.AddRaft"/>
    /// <param name="builder">The silo.</param>
    /// <param name="configure">Sets options; the same in all silos at the cluster's birth.</param>
    public static ISiloBuilder AddRaft(this ISiloBuilder builder, Action<RaftOptions>? configure = null) =>
        builder.ConfigureServices(services => services.AddRaft(configure));

    /// <summary>Adds a family of groups whose state is a <typeparamref name="TStateMachine"/>, one instance a replica.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="name">Name of the family, for <see cref="IRaftGroupFactory.GetGroup"/>.</param>
    /// <param name="configure">Number of groups and of their replicas.</param>
    public static ISiloBuilder AddRaftGroup<TStateMachine>(this ISiloBuilder builder, string name, Action<RaftGroupOptions>? configure = null)
        where TStateMachine : class, IStateMachine =>
        builder.ConfigureServices(services => services.AddRaftGroup<TStateMachine>(name, configure));

    /// <summary>Adds a family of groups whose state machines a function makes.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="name">Name of the family.</param>
    /// <param name="create">Makes the state machine of this silo's replica of one group.</param>
    /// <param name="configure">Number of groups and of their replicas.</param>
    public static ISiloBuilder AddRaftGroup(
        this ISiloBuilder builder, string name, Func<IServiceProvider, RaftGroupId, IStateMachine> create, Action<RaftGroupOptions>? configure = null) =>
        builder.ConfigureServices(services => services.AddRaftGroup(name, create, configure));
}
