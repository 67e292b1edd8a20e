using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Raft.Hosting;
using Orleans.Storage;

namespace Orleans.Raft.Storage.Provider;

/// <summary>Makes a group's state machine as the provider's options say.</summary>
internal static class BackingFactory
{
    /// <summary>Makes it.</summary>
    public static object CreateMachine(IServiceProvider services, string name, string? backing, GroupBirth birth)
    {
        if (backing is null)
        {
            return new GrainStateMachine(birth);
        }

        var logger = services.GetRequiredService<ILogger<BackedStateMachine>>();
        var metrics = services.GetRequiredService<BackingMetrics>();
        var time = services.GetRequiredService<TimeProvider>();
        var rows = new BackingRows(
            backing, services.GetRequiredKeyedService<IGrainStorage>(backing), services.GetRequiredService<BackingGate>(), metrics, time, logger);
        var others = new GroupPayloadSource(
            services.GetRequiredService<IOptions<ClusterOptions>>().Value.ServiceId, name, birth, services.GetRequiredService<IRaftGroupFactory>());
        return new BackedStateMachine(birth, rows, metrics, others, time, logger, keepsPayloads: BackingRegistration.IsInMemory(services, backing));
    }

    /// <summary>Registers what all backed groups of a silo share.</summary>
    public static void Register(IServiceCollection services)
    {
        if (services.Any(service => service.ServiceType == typeof(BackingGate)))
        {
            return;
        }

        services.AddSingleton<BackingGate>();
        services.AddSingleton<ILifecycleParticipant<Orleans.Runtime.ISiloLifecycle>>(provider => provider.GetRequiredService<BackingGate>());
        services.AddSingleton(provider => new BackingMetrics(provider.GetService<IMeterFactory>()));
    }
}
