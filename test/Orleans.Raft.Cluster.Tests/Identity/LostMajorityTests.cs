using Orleans.Configuration;
using Orleans.Hosting;
using RaftRecover;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Identity;

public sealed class LostMajorityTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private string _service = "";

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Two_of_three_wiped_never_overrule_the_third_and_say_how_to_recover_from_it()
    {
        await using var silos = NewSilos();
        _service = silos.Service;
        await silos.StartAsync(0, 1, 2);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => SiloSet.SetAsync(silos.Group(i % 3, i % 2), $"k{i}", $"v{i}")));
        await Until.AsyncTrue(silos.Management(0).GetGroupsAsync, groups => groups.All(group => group.IsWhole && group.Replicas.All(replica => replica.Lag == 0)));
        await silos.StopAsync(2, 1, 0);
        Wipe("s1");
        Wipe("s2");

        await silos.StartAsync(0, 1, 2);
        var known = await Until.AsyncTrue(
            silos.Management(1).GetSilosAsync, all => all.Where(silo => silo.Silo is "s1" or "s2").All(silo => silo.Waits.Contains("--from-survivor", StringComparison.Ordinal)));
        var waits = known.Single(silo => silo.Silo == "s1").Waits;
        Assert.Contains("1 of 3 silos have their store", waits, StringComparison.Ordinal);
        Assert.Contains("s2 has another directory than it had", waits, StringComparison.Ordinal);
        await Assert.ThrowsAsync<RaftUnavailableException>(() => SiloSet.GetAsync(silos.Group(2), "k0"));
        await silos.StopAsync(2, 1, 0);

        // Nothing but the phrase does it.
        var (refused, shown) = await RecoverAsync("s3", "yes");
        Assert.Equal(1, refused);
        var phrase = shown.Split("type: ")[1].Split('\n')[0].Trim();
        var (done, _) = await RecoverAsync("s3", phrase);
        Assert.Equal(0, done);
        Assert.Equal(1, (await RecoverAsync("s3", phrase)).Code);
        Wipe("s1");
        Wipe("s2");

        await silos.StartAsync(0, 1, 2);
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal($"v{i}", await Until.AsyncTrue(() => SiloSet.GetAsync(silos.Group(i % 3, i % 2), $"k{i}"), _ => true));
        }

        var groups = await Until.AsyncTrue(silos.Management(0).GetGroupsAsync, groups => groups.All(group => group.IsWhole && group.Replicas.Length == 3));
        Assert.All(groups, group => Assert.Equal(["s1", "s2", "s3"], group.Replicas.Select(replica => replica.Silo).Order()));
        await silos.StopAsync(2);
        Assert.Equal("v0", await SiloSet.SetAsync(silos.Group(1), "k0", "later"));
    }

    private SiloSet NewSilos() => new(3, (orleans, silo) => orleans
        .AddRaft(options =>
        {
            options.InitialSilos = SiloSet.Names(3);
            options.DataDirectory = Path.Combine(_directory.Path, $"s{silo + 1}");
            options.ReplacementDelay = TimeSpan.FromMilliseconds(500);
            options.RequestTimeout = TimeSpan.FromSeconds(5);
        })
        .AddRaftEngine()
        .AddRaftGroup<KeyValueMachine>(SiloSet.Family, options => options.Groups = 2));

    private void Wipe(string silo) => Directory.Delete(Path.Combine(_directory.Path, silo), recursive: true);

    private async Task<(int Code, string Text)> RecoverAsync(string silo, string typed)
    {
        using var output = new StringWriter();
        var code = await Recovery.RunAsync(
            ["--from-survivor", Path.Combine(_directory.Path, silo), "--service", _service, "--silo", silo], new StringReader(typed), output, output);
        return (code, output.ToString());
    }
}
