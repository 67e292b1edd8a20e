using System.Globalization;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Cluster.Tests.Provider.Backing;

/// <summary>
/// States in real databases, and in memory that dies with the process, the silo killed in mid-apply again and again: what is read afterwards is what was acknowledged, or tried since. ORLEANS_RAFT_KILLS=20 is the long form.
/// </summary>
public sealed class BackingKillTests(ITestOutputHelper output)
{
    private const int Keys = 40;

    private static readonly int Kills = int.Parse(Environment.GetEnvironmentVariable("ORLEANS_RAFT_KILLS") ?? "1", CultureInfo.InvariantCulture);

    [SkippableTheory]
    [InlineData("redis")]
    [InlineData("postgresql")]
    [InlineData("memory")]
    public async Task After_each_kill_in_mid_apply_every_state_is_one_that_was_acknowledged_or_tried_since(string kind)
    {
        await using var server = await DatabaseServer.StartAsync(kind);
        using var directory = new TemporaryDirectory();
        var seed = Environment.TickCount;
        var random = new Random(seed);
        output.WriteLine($"seed {seed}, {Kills} kills");
        Dictionary<int, List<int>>? possible = null;
        for (var kill = 0; kill <= Kills; kill++)
        {
            await using var silo = new BackedSiloProcess(directory.Path, server, Keys, 50 + random.Next(400));
            await silo.RunAndKillAsync();
            Assert.Equal(Keys, silo.Read.Count);
            foreach (var (key, number) in silo.Read)
            {
                Assert.True(
                    possible is null ? number == 0 : possible[key].Contains(number),
                    $"after kill {kill}: key {key} is {number}; possible: {string.Join(", ", possible?[key] ?? [0])}");
            }

            possible = silo.Possible;
        }
    }
}
