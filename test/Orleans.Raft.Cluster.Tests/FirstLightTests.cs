using Orleans.Hosting;
using Xunit;

namespace Orleans.Raft.Cluster.Tests;

public sealed class FirstLightTests
{
    [Fact]
    public async Task What_one_silo_writes_every_silo_reads_and_writes_go_on_when_one_stops()
    {
        await using var silos = new SiloSet(3, (orleans, _) => orleans
            .AddRaft(options =>
            {
                options.InitialSilos = SiloSet.Names(3);
                options.InMemory = true;
            })
            .AddRaftGroup<KeyValueMachine>(SiloSet.Family, options => options.Groups = 4));
        await silos.StartAsync(0, 1, 2);

        for (var writer = 0; writer < 3; writer++)
        {
            for (var index = 0; index < 4; index++)
            {
                Assert.Equal("", await SiloSet.SetAsync(silos.Group(writer, index), $"k{writer}", $"v{writer}.{index}"));
            }
        }

        for (var reader = 0; reader < 3; reader++)
        {
            for (var index = 0; index < 4; index++)
            {
                Assert.Equal($"v{reader}.{index}", await SiloSet.GetAsync(silos.Group((reader + 1) % 3, index), $"k{reader}"));
            }
        }

        await silos.StopAsync(2);
        for (var index = 0; index < 4; index++)
        {
            Assert.Equal($"v0.{index}", await SiloSet.SetAsync(silos.Group(1, index), "k0", "later"));
            Assert.Equal("later", await SiloSet.GetAsync(silos.Group(0, index), "k0"));
        }
    }
}
