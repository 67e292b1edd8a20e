using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;

namespace ClusteringSilo;

/// <summary>Builds the silos and clients of clustering tests, for this process and for the tests' own.</summary>
public static class SiloHost
{
    public const string ClusterId = "clustering-test";

    public static IHost Build(SiloArguments arguments, Action<ILoggingBuilder> configureLogging, Action<RaftClusteringOptions>? configure = null, Action<ISiloBuilder>? also = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        configureLogging(builder.Logging);
        builder.UseOrleans(silo =>
        {
            silo.UseRaftClustering(clustering =>
            {
                clustering.Voters = new Dictionary<string, string>(arguments.Voters);
                clustering.DataDirectory = arguments.Data;
                clustering.Secret = "secret";
                configure?.Invoke(clustering);
            });
            silo.Configure<SiloOptions>(options => options.SiloName = arguments.Name);
            silo.Configure<ClusterOptions>(SetCluster);
            silo.Configure<ClusterMembershipOptions>(DetectFailuresQuickly);
            silo.ConfigureEndpoints(IPAddress.Loopback, arguments.SiloPort, arguments.GatewayPort);
            also?.Invoke(silo);
        });
        return builder.Build();
    }

    /// <summary>A client that knows some of the voters.</summary>
    public static IHost BuildClient(
        IReadOnlyDictionary<string, string> voters, Action<ILoggingBuilder> configureLogging, Action<RaftClusteringOptions>? configure = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        configureLogging(builder.Logging);
        builder.UseOrleansClient(client =>
        {
            client.UseRaftClustering(clustering =>
            {
                clustering.Voters = new Dictionary<string, string>(voters);
                clustering.Secret = "secret";
                configure?.Invoke(clustering);
            });
            client.Configure<ClusterOptions>(SetCluster);
            client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(1));
        });
        return builder.Build();
    }

    private static void SetCluster(ClusterOptions options) => (options.ClusterId, options.ServiceId) = (ClusterId, ClusterId);

    // As docs/CLUSTERING.md recommends; what each value costs is written there.
    private static void DetectFailuresQuickly(ClusterMembershipOptions membership)
    {
        membership.ProbeTimeout = TimeSpan.FromMilliseconds(500);
        membership.NumMissedProbesLimit = 3;
        membership.NumVotesForDeathDeclaration = 2;
        membership.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(2);
        membership.EnableConnectionLivenessCheck = false;
    }
}
