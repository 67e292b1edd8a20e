using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Simulation;

public sealed class SimulationTests(ITestOutputHelper output)
{
    /// <summary>Seeds of the slice; the long runs are the program's.</summary>
    private const ulong Slice = 1_000;

    [Fact]
    public void Every_property_holds_in_a_slice_of_seeds()
    {
        var totals = new SimTotals();
        for (var seed = 1UL; seed <= Slice; seed++)
        {
            var outcome = SeedRun.Run(seed, Story.Silent, new SimSwitches());
            Assert.True(outcome.Violation is null, $"seed {seed}: {outcome.Violation}");
            totals.Add(outcome.Totals);
        }

        output.WriteLine($"{totals}\n{totals.DescribeMore()}\n{totals.DescribeRecoveries()}\n{totals.DescribeAverages()}");
        Assert.True(totals.WithPreVote.Count > 0 && totals.WithPreVote.LateCount == 0, "With pre-vote a group recovers within four election timeouts.");
        Assert.True(totals.WithoutPreVote.LateCount * 30 < totals.WithoutPreVote.Count, "Without pre-vote all but a few do.");
        Assert.True(totals.Steps >= 2000 * totals.Seeds, "A seed is at least 2,000 steps.");
        Assert.True(totals.Operations >= 100 * totals.Seeds, "A seed is at least 100 operations.");
        Assert.True(totals.Crashes >= totals.Seeds, "A seed has a crash on average.");
        Assert.True(totals.Partitions >= totals.Seeds, "A seed has a partition on average.");
        Assert.True(totals.ConfChanges >= totals.Seeds, "A seed has a configuration change on average.");
        Assert.True(totals.Snapshots >= totals.Seeds, "A seed installs a snapshot on average.");
        Assert.True(totals.LeaderChanges >= totals.Seeds, "A seed has a leader change on average.");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4711)]
    public void A_seed_tells_the_same_story_twice(ulong seed)
    {
        Assert.Equal(Tell(seed), Tell(seed));
    }

    private static string Tell(ulong seed)
    {
        var text = new StringWriter();
        var outcome = SeedRun.Run(seed, Story.To(text), new SimSwitches());
        return $"{text}{outcome.Violation}{outcome.Totals}";
    }
}
