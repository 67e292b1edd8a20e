using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Orleans.Hosting;
using Orleans.Raft.Tests.Shared;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Failure;

public sealed class DiskTests
{
    [Fact]
    public async Task A_silo_whose_disk_hangs_hands_its_leaders_over_and_one_whose_disk_fails_shows_it_on_every_replica()
    {
        var disks = new GatedLogStore[3];
        await using var silos = new SiloSet(3, (orleans, silo) => orleans
            .AddRaft(options => options.InitialSilos = SiloSet.Names(3))
            .AddRaftGroup<KeyValueMachine>(SiloSet.Family, options => options.Groups = 6)
            .ConfigureServices(services =>
            {
                services.AddSingleton<ILogStoreFactory>(new Factory(disks, silo));
                services.AddHealthChecks().AddRaft();
            }));
        await silos.StartAsync(0, 1, 2);
        for (var index = 0; index < 6; index++)
        {
            await silos.Group(0, index).TransferLeadershipAsync("s2", CancellationToken.None);
        }

        disks[1].Hang(TimeSpan.FromSeconds(1));
        var health = silos[1].GetRequiredService<HealthCheckService>();
        var writes = Task.WhenAll(Enumerable.Range(0, 6).Select(index => SiloSet.SetAsync(silos.Group(1, index), "k", "v")));
        await Until.AsyncTrue(() => health.CheckHealthAsync(), report => report.Entries["raft"].Status == HealthStatus.Unhealthy);
        await writes;
        for (var index = 0; index < 6; index++)
        {
            await Until.AsyncTrue(() => silos.Group(0, index).GetStatusAsync(CancellationToken.None), status => status.Leader is "s1" or "s3");
        }

        disks[1].LetGo();
        await Until.AsyncTrue(() => health.CheckHealthAsync(), report => report.Status == HealthStatus.Healthy);

        await silos.Group(0).TransferLeadershipAsync("s2", CancellationToken.None);
        disks[1].Fail("I/O error");
        var sick = await Until.AsyncTrue(() => health.CheckHealthAsync(), report => report.Entries["raft"].Data.Count(entry => entry.Key.StartsWith("faulted", StringComparison.Ordinal)) == 7);
        Assert.Contains("I/O error", sick.Entries["raft"].Description, StringComparison.Ordinal);
        for (var index = 0; index < 6; index++)
        {
            // Its grains go on, with the groups' replicas on the other silos.
            Assert.Equal("v", await SiloSet.SetAsync(silos.Group(1, index), "k", "w"));
            Assert.Equal("w", await SiloSet.GetAsync(silos.Group(1, index), "k"));
        }
    }

    private sealed class Factory(GatedLogStore[] disks, int silo) : ILogStoreFactory
    {
        public ValueTask<ILogStore> OpenAsync(LogStoreSettings settings, CancellationToken cancellationToken) =>
            new(disks[silo] = new GatedLogStore(new MemoryLogStore()));
    }
}
