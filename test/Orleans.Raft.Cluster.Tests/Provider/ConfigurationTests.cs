using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;
using Orleans.Raft.Storage.Tests.Provider.Contract;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Provider;

public sealed class ConfigurationTests : IDisposable
{
    private static readonly GrainId Grain = GrainId.Create("cart", "42");
    private readonly WarningLines _warnings = new();
    private readonly string _data = Directory.CreateTempSubdirectory("configuration-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task Configuration_alone_adds_a_provider_that_keeps_its_states_over_a_restart()
    {
        var settings = new Dictionary<string, string?>
        {
            ["Orleans:Name"] = "s1",
            ["Orleans:GrainStorage:carts:ProviderType"] = "Raft",
            ["Orleans:GrainStorage:carts:Groups"] = "3",
            ["Orleans:GrainStorage:carts:DeleteStateOnClear"] = "true",
        };
        await RunAsync(settings, async storage =>
        {
            var state = new GrainState<Cart>(new Cart("apples"));
            await storage.WriteStateAsync("s", Grain, state);
        });

        // The number of groups was decided at first; what it says later moves nothing.
        settings["Orleans:GrainStorage:carts:Groups"] = "7";
        await RunAsync(settings, async storage =>
        {
            var state = new GrainState<Cart>();
            await storage.ReadStateAsync("s", Grain, state);
            Assert.Equal("apples", state.State!.Text);
            await storage.ClearStateAsync("s", Grain, state);
            Assert.Null(state.ETag);

            // A state can be used before the catalog is looked at.
            await Until.AsyncTrue(() => Task.FromResult(_warnings.Lines.Count(SaysThatNumbersDiffer)), count => count > 0);
        });
        Assert.Single(_warnings.Lines, SaysThatNumbersDiffer);

        static bool SaysThatNumbersDiffer(string line) => line.Contains("7 groups of 3 replicas", StringComparison.Ordinal)
            && line.Contains("created with 3 of 1", StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_option_out_of_range_stops_the_start_and_is_named()
    {
        var settings = new Dictionary<string, string?>
        {
            ["Orleans:Name"] = "s1",
            ["Orleans:GrainStorage:carts:ProviderType"] = "Raft",
            ["Orleans:GrainStorage:carts:Groups"] = "0",
        };
        var error = await Assert.ThrowsAsync<OrleansConfigurationException>(() => RunAsync(settings, _ => Task.CompletedTask));
        Assert.Contains("Groups is 0", error.Message, StringComparison.Ordinal);
        Assert.Contains("'carts'", error.Message, StringComparison.Ordinal);
    }

    private async Task RunAsync(Dictionary<string, string?> settings, Func<IGrainStorage, Task> use)
    {
        var ports = SiloSet.FreePorts(2);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddProvider(_warnings);
        builder.Configuration.AddInMemoryCollection(settings);
        builder.UseOrleans(orleans =>
        {
            orleans.UseLocalhostClustering(ports[0], ports[1]);
            orleans.Configure<RaftOptions>(raft => raft.DataDirectory = _data);
        });
        using var host = builder.Build();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await host.StartAsync(timeout.Token);
        Assert.Equal(int.Parse(settings["Orleans:GrainStorage:carts:Groups"]!, System.Globalization.CultureInfo.InvariantCulture),
            host.Services.GetRequiredService<IOptionsMonitor<RaftGrainStorageOptions>>().Get("carts").Groups);
        await use(host.Services.GetRequiredKeyedService<IGrainStorage>("carts"));
        await host.StopAsync(timeout.Token);
    }
}
