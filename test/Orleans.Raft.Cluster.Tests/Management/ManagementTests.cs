using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Management;

public sealed class ManagementTests
{
    [Fact]
    public async Task Status_names_every_replica_and_leadership_goes_where_it_is_told()
    {
        await using var silos = new SiloSet(3, (orleans, _) => orleans
            .AddRaft(options =>
            {
                options.InitialSilos = SiloSet.Names(3);
                options.InMemory = true;
            })
            .AddRaftGroup<KeyValueMachine>(SiloSet.Family, options => options.Groups = 2));
        await silos.StartAsync(0, 1, 2);
        await SiloSet.SetAsync(silos.Group(0, 1), "k", "v");
        var management = silos[1].GetRequiredService<IGrainFactory>().GetGrain<IRaftManagementGrain>(0);

        foreach (var silo in SiloSet.Names(3))
        {
            await management.TransferLeadershipAsync(SiloSet.Family, 1, silo);
            var status = await Until.AsyncTrue(() => silos.Group(2, 1).GetStatusAsync(CancellationToken.None), status => status.IsWhole && status.Leader == silo);
            Assert.Equal(["s1", "s2", "s3"], status.Replicas.Select(replica => replica.Silo));
            Assert.Contains($"leader={silo}", status.Describe(), StringComparison.Ordinal);
        }

        await Assert.ThrowsAsync<RaftException>(() => silos.Group(0).TransferLeadershipAsync("s9", CancellationToken.None));
        var groups = await Until.AsyncTrue(management.GetGroupsAsync, all => all.All(group => group.IsWhole));
        Assert.Equal(["$meta/0", "pairs/0", "pairs/1"], groups.Select(group => $"{group.Name}/{group.Index}"));
        Assert.Equal("s3", groups[2].Leader);
        var known = await management.GetSilosAsync();
        Assert.Equal((3, 9), (known.Sum(silo => silo.Leads), known.Sum(silo => silo.Replicas)));
        Assert.Contains("pairs/1", await management.DescribeAsync(), StringComparison.Ordinal);

        await silos.StopAsync(2);
        var left = await Until.AsyncTrue(
            () => silos.Group(0, 1).GetStatusAsync(CancellationToken.None), status => status.Leader is "s1" or "s2");
        Assert.Equal(RaftReplicaRole.Unknown, left.Replicas[2].Role);
    }
}
