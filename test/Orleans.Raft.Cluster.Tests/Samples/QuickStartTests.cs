using Orleans.Raft.Cluster.Tests.FirstLight;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Samples;

public sealed class QuickStartTests
{
    [Fact]
    public async Task The_READMEs_quick_start_is_the_sample_that_counts_on_after_a_restart()
    {
        var root = Path.Combine(Path.GetDirectoryName(SampleProcess.DataFile)!, "..", "..");
        var source = await File.ReadAllTextAsync(Path.Combine(root, "samples", "QuickStart", "Program.cs"));
        Assert.Contains($"```csharp\n{source.TrimEnd()}\n```", await File.ReadAllTextAsync(Path.Combine(root, "README.md")), StringComparison.Ordinal);

        using var directory = new TemporaryDirectory();
        var port = SampleRun.FreePorts();
        for (var run = 1; run <= 2; run++)
        {
            var output = await SampleRun.ToEndAsync("QuickStart", $"{port}", directory.Path);
            Assert.Contains($"Run number {run}.", output, StringComparison.Ordinal);
        }
    }
}
