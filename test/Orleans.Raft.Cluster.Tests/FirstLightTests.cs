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

    [Fact]
    public async Task What_was_acknowledged_is_there_after_all_silos_stopped_and_started_again()
    {
        using var directory = new TemporaryDirectory();
        await using var silos = new SiloSet(3, (orleans, silo) => orleans
            .AddRaft(options =>
            {
                options.InitialSilos = SiloSet.Names(3);
                options.DataDirectory = Path.Combine(directory.Path, $"s{silo + 1}");
            })
            .AddRaftEngine()
            .AddRaftGroup<KeyValueMachine>(SiloSet.Family, options => options.Groups = 2));
        await silos.StartAsync(0, 1, 2);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => SiloSet.SetAsync(silos.Group(i % 3, i % 2), $"k{i}", $"v{i}")));
        await silos.StopAsync(2, 1, 0);

        await silos.StartAsync(0, 1, 2);
        for (var i = 0; i < 200; i++)
        {
            Assert.Equal($"v{i}", await SiloSet.GetAsync(silos.Group((i + 1) % 3, i % 2), $"k{i}"));
        }
    }
}
