using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.Raft.Hosting;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Failure;

public sealed class SleepTests
{
    [Fact]
    public async Task Idle_groups_of_three_silos_sleep_wake_for_every_write_and_outlive_a_silo()
    {
        await using var silos = new SiloSet(3, (orleans, _) => orleans
            .AddRaft(options =>
            {
                options.InitialSilos = SiloSet.Names(3);
                options.InMemory = true;
                options.Hibernation = true;
            })
            .AddRaftGroup<KeyValueMachine>(SiloSet.Family, options => options.Groups = 6));
        await silos.StartAsync(0, 1, 2);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(index => SiloSet.SetAsync(silos.Group(index % 3, index), "k", "1")));
        await AsleepAsync(silos, 0, 1, 2);

        for (var index = 0; index < 6; index++)
        {
            Assert.Equal("1", await SiloSet.SetAsync(silos.Group((index + 1) % 3, index), "k", "2"));
        }

        await AsleepAsync(silos, 0, 1, 2);
        await silos.StopAsync(2);
        for (var index = 0; index < 6; index++)
        {
            Assert.Equal("2", await SiloSet.SetAsync(silos.Group(index % 2, index), "k", "3"));
        }

        // The silo that is gone doesn't count.
        await AsleepAsync(silos, 0, 1);
    }

    private static async Task AsleepAsync(SiloSet silos, params int[] which)
    {
        foreach (var silo in which)
        {
            var host = silos[silo].GetRequiredService<RaftHost>();
            await Until.AsyncTrue(
                () => Task.FromResult(Enumerable.Range(0, 6).Count(index => host.TryFind(new RaftGroupId(SiloSet.Family, index), out var group) && group.Replica!.IsAsleep)),
                count => count == 6);
        }
    }
}
