using ClusteringSilo;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Cluster.Tests.History;

/// <summary>Whether histories of grain storage, as <see cref="ProviderHistoryTests"/> writes them down, show what is wrong and nothing else: on the provider without Raft, right and spoilt.</summary>
public sealed class ProviderClientTests(ITestOutputHelper output)
{
    private const int Clients = 5;
    private const int Steps = 60;

    private static readonly TimeSpan SearchLimit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Histories_of_a_provider_that_is_right_are_found_right_whatever_answers_are_lost()
    {
        for (var seed = 1; seed <= 10; seed++)
        {
            var (log, _) = await RunAsync(PlantedBug.Kind.None, seed);
            Assert.Empty(log.Oddities);
            Assert.All(log.Judge(SearchLimit), judged => Assert.True(judged.Result.Verdict is HistoryVerdict.Linearizable, $"seed {seed}, {judged.Key}: {judged.Result}"));
        }
    }

    [Theory]
    [InlineData("StaleRead")]
    [InlineData("LostWrite")]
    [InlineData("AppliedTwice")]
    [InlineData("OverwritesOthers")]
    [InlineData("FalseConflict")]
    [InlineData("SuccessCalledConflict")]
    [InlineData("SuccessCalledFailure")]
    [InlineData("UnknownNotRemembered")]
    public async Task A_planted_bug_is_found_in_its_histories(string bug)
    {
        // Not every occurrence can be seen: a stale read may be one that was allowed. Of those in six histories some must be.
        var (shown, violated) = (0, 0);
        for (var seed = 1; seed <= 6; seed++)
        {
            var (log, planted) = await RunAsync(Enum.Parse<PlantedBug.Kind>(bug), seed);
            var found = log.Judge(SearchLimit).Count(judged => judged.Result.Verdict is HistoryVerdict.Violated);
            output.WriteLine($"{bug}, seed {seed}: {planted} times in {log}; {found} keys violated, {log.Oddities.Count} oddities");
            (shown, violated) = (shown + planted, violated + found);
        }

        Assert.True(shown > 0, $"{bug} has never shown");
        Assert.True(violated > 0, $"{bug} has shown {shown} times, and every key was found right");
    }

    private static async Task<(HistoryLog Log, int Planted)> RunAsync(PlantedBug.Kind bug, int seed)
    {
        using var right = new LocalTarget(seed);
        var target = new PlantedBug(right, bug, seed);
        var log = new HistoryLog();
        var clients = Enumerable.Range(0, Clients)
            .Select(i => new ProviderClient($"c{i}", (100 * seed) + i, [target], log) { KeysChangeAfter = TimeSpan.FromDays(1) }).ToList();
        await Task.WhenAll(clients.Select(client => Task.Run(async () =>
        {
            for (var step = 0; step < Steps; step++)
            {
                await client.StepAsync();
            }
        })));
        foreach (var key in log.Keys.ToList())
        {
            Assert.True(await clients[0].ReadAsync(key, right));
        }

        return (log, target.Count);
    }
}
