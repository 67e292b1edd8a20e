using System.Globalization;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Storage.Tests.Kills;

/// <summary>Real processes, a real disk, SIGKILL. More of it: <c>dotnet run --project test/Orleans.Raft.Storage.Tests -- kill --rounds 300 [--seed N]</c>.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Killed_writer_ThirtyTimes_LosesNothingAcknowledged_AndRowsMatchTheAppliedIndex()
    {
        var rounds = int.Parse(Environment.GetEnvironmentVariable("ORLEANS_RAFT_KILLS") ?? "30", CultureInfo.InvariantCulture);
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        using var directory = new TemporaryDirectory();
        var runs = new KillRuns(Path.Combine(directory.Path, "data"), seed, output.WriteLine);
        await runs.RunAsync(rounds);
        Assert.True(runs.Operations > rounds, "hardly anything was written");
    }
}
