using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Orleans.Hosting;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Failure;

public sealed class HealthTests
{
    [Fact]
    public async Task A_faulted_replica_is_visible_and_takes_no_other_down()
    {
        await using var silos = new SiloSet(1, (orleans, _) => orleans
            .AddRaft(options =>
            {
                options.InMemory = true;
                options.RequestTimeout = TimeSpan.FromSeconds(2);
            })
            .AddRaftGroup<KeyValueMachine>(SiloSet.Family, options => options.Groups = 2)
            .ConfigureServices(services => services.AddHealthChecks().AddRaft()));
        await silos.StartAsync(0);
        var checks = silos[0].GetRequiredService<HealthCheckService>();
        await Until.AsyncTrue(() => checks.CheckHealthAsync(), report => report.Status == HealthStatus.Healthy);

        // Without a '=' the state machine throws.
        var poison = silos.Group(0).ProposeAsync(Encoding.UTF8.GetBytes("poison"), CancellationToken.None);
        await Assert.ThrowsAsync<OutcomeUnknownException>(poison.AsTask);
        var sick = await checks.CheckHealthAsync();
        Assert.Equal(HealthStatus.Unhealthy, sick.Entries["raft"].Status);
        Assert.Contains("pairs/0", sick.Entries["raft"].Description, StringComparison.Ordinal);
        Assert.Contains("IndexOutOfRange", sick.Entries["raft"].Data["faulted pairs/0"].ToString(), StringComparison.Ordinal);

        Assert.Equal("", await SiloSet.SetAsync(silos.Group(0, 1), "k", "v"));
        Assert.Equal("v", await SiloSet.GetAsync(silos.Group(0, 1), "k"));
    }
}
