using Orleans.Hosting;
using Orleans.Runtime;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Failure;

/// <summary>Raft answers before Orleans does (SAFETY-RULES B1).</summary>
public sealed class StartTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Two_of_three_killed_silos_that_start_again_have_leaders_and_take_writes_while_membership_still_shows_the_third_and_lets_nobody_in()
    {
        await using var silos = new SiloSet(
            3,
            (orleans, silo) => orleans
                .AddRaft(options =>
                {
                    options.InitialSilos = SiloSet.Names(3);
                    options.DataDirectory = Path.Combine(_directory.Path, $"s{silo + 1}");
                })
                .AddRaftEngine()
                .AddRaftGroup<KeyValueMachine>(SiloSet.Family, options => options.Groups = 3),
            canRestartFirst: true);
        await silos.StartAsync(0, 1, 2);
        await SiloSet.SetAsync(silos.Group(0), "k", "1");
        await silos.StopTogetherAsync(0, 1, 2);

        // As after kill -9 of all, the machine of the third being gone: its row says that it is active, and a silo that starts must reach all that are.
        silos.ShowGhost(2, SiloStatus.Active);
        var start = silos.StartAsync(0, 1);
        for (var group = 0; group < 3; group++)
        {
            var index = group;
            await Until.AsyncTrue(() => SiloSet.SetAsync(silos.Group(index % 2, index), "k", "2"), _ => true);
        }

        Assert.Equal("2", await SiloSet.GetAsync(silos.Group(1), "k"));
        Assert.Empty(silos.Running);
        Assert.False(start.IsFaulted, $"{start.Exception}");

        silos.ShowGhost(2, SiloStatus.Dead);
        await start;
    }
}
