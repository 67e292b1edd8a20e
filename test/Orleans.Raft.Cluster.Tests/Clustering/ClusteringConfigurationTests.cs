using ClusteringSilo;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Clustering;

public sealed class ClusteringConfigurationTests : IDisposable
{
    private readonly TemporaryDirectory _data = new();
    private readonly int[] _ports = SiloSet.FreePorts(3);

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Configuration_alone_makes_a_silo_a_voter_and_lets_a_client_find_it()
    {
        using var silo = Build(Settings(), (host, settings) =>
        {
            settings["Orleans:Clustering:DataDirectory"] = _data.Path;
            settings["Orleans:Clustering:OperationTimeout"] = "00:00:07";
            host.Configuration.AddInMemoryCollection(settings);
            host.UseOrleans(_ => { });
        });
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        await silo.StartAsync(limit.Token);
        var options = silo.Services.GetRequiredService<IOptions<RaftClusteringOptions>>().Value;
        Assert.Equal((TimeSpan.FromSeconds(7), "secret", _data.Path), (options.OperationTimeout, options.Secret, options.DataDirectory));

        using var client = Build(Settings(), (host, settings) =>
        {
            settings.Remove("Orleans:Endpoints:SiloPort");
            settings.Remove("Orleans:Endpoints:GatewayPort");
            host.Configuration.AddInMemoryCollection(settings);
            host.UseOrleansClient(_ => { });
        });
        await client.StartAsync(limit.Token);
        Assert.Equal("s1", await client.Services.GetRequiredService<IGrainFactory>().GetGrain<IPlaceGrain>("k").Where());
        await client.StopAsync(limit.Token);
        await silo.StopAsync(limit.Token);
        Assert.True(Directory.Exists(Path.Combine(_data.Path, "clustering")));
    }

    [Theory]
    [InlineData("ElectionTimeout", "soon", "Orleans:Clustering:ElectionTimeout is 'soon'; expected a time such as 00:00:01.5.")]
    [InlineData("Voters:s2", "127.0.0.1:5", "RaftClusteringOptions.Voters: found 2 voters; expected one, three or five")]
    [InlineData("BindAddress", "home", "RaftClusteringOptions.BindAddress: found 'home'; expected an IP address")]
    public async Task A_setting_that_cannot_work_ends_the_start_and_is_named(string key, string value, string message)
    {
        using var silo = Build(Settings(), (host, settings) =>
        {
            settings[$"Orleans:Clustering:{key}"] = value;
            host.Configuration.AddInMemoryCollection(settings);
            host.UseOrleans(_ => { });
        });
        var refused = await Assert.ThrowsAsync<OrleansConfigurationException>(() => silo.StartAsync(CancellationToken.None));
        Assert.StartsWith(message, refused.Message, StringComparison.Ordinal);
    }

    private static IHost Build(Dictionary<string, string?> settings, Action<HostApplicationBuilder, Dictionary<string, string?>> configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        configure(builder, settings);
        return builder.Build();
    }

    private Dictionary<string, string?> Settings() => new()
    {
        ["Orleans:Name"] = "s1",
        ["Orleans:ClusterId"] = "configured",
        ["Orleans:ServiceId"] = "configured",
        ["Orleans:Endpoints:AdvertisedIPAddress"] = "127.0.0.1",
        ["Orleans:Endpoints:SiloPort"] = $"{_ports[0]}",
        ["Orleans:Endpoints:GatewayPort"] = $"{_ports[1]}",
        ["Orleans:Clustering:ProviderType"] = "Raft",
        ["Orleans:Clustering:Voters:s1"] = $"127.0.0.1:{_ports[2]}",
        ["Orleans:Clustering:Secret"] = "secret",
    };
}
