using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Failure;

/// <summary>After a failure each silo leads its share again, and no group moves twice (issue 5, point 7).</summary>
public sealed class BalancingTests : IDisposable
{
    private const int Groups = 11;

    private readonly TemporaryDirectory _directory = new();

    private readonly WarningLines _warnings = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_silo_that_comes_back_leads_its_share_again_and_no_group_moved_twice()
    {
        var isAgain = false;
        await using var silos = new SiloSet(
            3,
            (orleans, silo) => orleans
                .AddRaft(options =>
                {
                    options.InitialSilos = isAgain ? ["s3", "s9"] : SiloSet.Names(3);
                    options.DataDirectory = Path.Combine(_directory.Path, $"s{silo + 1}");
                    options.LeaderBalancing = true;
                    options.LeaderBalancingInterval = TimeSpan.FromMilliseconds(500);
                })
                .AddRaftEngine()
                .AddRaftGroup<KeyValueMachine>(SiloSet.Family, options => options.Groups = Groups)
                .ConfigureServices(services => services.AddSingleton<ILoggerProvider>(_warnings)));
        await silos.StartAsync(0, 1, 2);
        await BalancedAsync(silos);

        await silos.StopAsync(2);
        var orphans = await Until.AsyncTrue(() => StatusAsync(silos), all => all.All(group => group.Leader is "s1" or "s2"));
        isAgain = true;
        await silos.StartAsync(2);
        var healed = await BalancedAsync(silos);

        // Every change of leader is a term. What s3 led before it leads again, by one change; the others never changed.
        Assert.All(healed, group =>
        {
            var before = orphans.Single(other => (other.Name, other.Index) == (group.Name, group.Index));
            Assert.Equal(group.Leader == before.Leader ? before.Term : before.Term + 1, group.Term);
        });

        // It was started with other initial silos, which is said once and changes nothing.
        Assert.Single(_warnings.Lines, line => line.Contains("InitialSilos is [s3, s9]; the cluster was born with [s1, s2, s3]", StringComparison.Ordinal));

        // It stays so: nothing goes to and fro.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1_500));
        await timer.WaitForNextTickAsync();
        Assert.Equal(healed.Select(group => (group.Name, group.Index, group.Term)), (await StatusAsync(silos)).Select(group => (group.Name, group.Index, group.Term)));
    }

    private static Task<RaftGroupStatus[]> BalancedAsync(SiloSet silos) => Until.AsyncTrue(
        () => StatusAsync(silos),
        all => all.Length == Groups + 1 && all.All(group => group.IsWhole)
            && SiloSet.Names(3).All(silo => all.Count(group => group.Leader == silo) is Groups / 3 or (Groups / 3) + 1));

    private static async Task<RaftGroupStatus[]> StatusAsync(SiloSet silos) => [.. await silos.Management(0).GetGroupsAsync()];
}
