using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace KeyValueStore;

/// <summary>Builds one silo: membership and grain state in Raft, both on its own folder. Nothing else is needed.</summary>
internal static class SiloHost
{
    public const string ClusterId = "key-value-store";

    /// <summary>The grain storage provider.</summary>
    public const string Provider = "raft";

    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(8);

    /// <summary>Builds a silo; <paramref name="onFatal"/> hears when the cluster has given it up.</summary>
    public static IHost Build(Node node, CommandLine options, PlainLog log, Action<string> onFatal)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = node.Name });
        Program.ConfigureLogging(builder.Logging, log);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton<IFatalErrorHandler>(new FatalErrors(onFatal));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopTimeout);
        builder.Services.AddHealthChecks().AddRaft();
        var data = Path.Combine(options.Data, node.Name);
        builder.UseOrleans(orleans =>
        {
            orleans.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (ClusterId, ClusterId));
            orleans.Configure<SiloOptions>(silo => silo.SiloName = node.Name);
            orleans.ConfigureEndpoints(node.TryResolve() ?? throw new UsageException($"The host of {node} is not known here."), node.Port, node.GatewayPort, listenOnAnyHostAddress: !node.IsLoopback);
            orleans.Configure<ClusterMembershipOptions>(DetectFailuresQuickly);
            orleans.Configure<SiloConnectionOptions>(SilentConnections.Close);
            orleans.UseRaftClustering(clustering =>
            {
                clustering.Voters = options.Voters.ToDictionary(voter => voter.Name, voter => $"{voter.Host}:{voter.ClusteringPort}");
                clustering.DataDirectory = data;
            });
            orleans.AddRaft(raft =>
            {
                raft.InitialSilos = [.. options.Founders.Select(founder => founder.Name)];
                raft.DataDirectory = data;
            });

            // A deleted key leaves nothing behind.
            orleans.AddRaftGrainStorage(Provider, storage => storage.DeleteStateOnClear = true);
        });
        return builder.Build();
    }

    /// <summary>
    /// A dead silo's keys are served again within seconds, not minutes. The price: a silo that is only slow (a long garbage collection, a frozen machine) is
    /// declared dead as quickly, and starts again under a new generation; its data stays.
    /// </summary>
    private static void DetectFailuresQuickly(ClusterMembershipOptions membership)
    {
        membership.ProbeTimeout = TimeSpan.FromSeconds(1);
        membership.MinProbeTimeout = TimeSpan.FromSeconds(1);
        membership.MaxProbeTimeout = TimeSpan.FromSeconds(1);
        membership.NumMissedProbesLimit = 3;
        membership.ExtendProbeTimeoutDuringDegradation = false;
        membership.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(3);

        // It would spare a silo whose connections are open and silent, as a paused one's are, for a minute.
        membership.EnableConnectionLivenessCheck = false;
    }

    /// <summary>Orleans ends the process of a silo that was declared dead; here the silo alone is started anew.</summary>
    private sealed class FatalErrors(Action<string> onFatal) : IFatalErrorHandler
    {
        public bool IsUnexpected(Exception exception) => true;

        public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null) =>
            onFatal(context ?? exception?.Message ?? "unknown");
    }
}
