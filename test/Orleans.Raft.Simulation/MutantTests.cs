using System.Diagnostics;
using System.Runtime.CompilerServices;
using Xunit;

namespace Orleans.Raft.Simulation;

/// <summary>Three bugs of the kill list are planted and found in every run; <c>bash test/Mutants/run</c> plants them all.</summary>
public sealed class MutantTests(MutantTests.Table table) : IClassFixture<MutantTests.Table>
{
    private const string AckBeforeDurable = "ack-before-durable";
    private const string CommitByMinority = "commit-by-minority";
    private const string VoteTwiceInTerm = "vote-twice-in-term";

    [Theory]
    [InlineData(AckBeforeDurable)]
    [InlineData(CommitByMinority)]
    [InlineData(VoteTwiceInTerm)]
    public void A_planted_bug_is_found_by_a_seed_that_passes_without_it(string bug)
    {
        var row = table.Printed.Split('\n').SingleOrDefault(line => line.StartsWith($"| {bug} |", StringComparison.Ordinal));
        Assert.True(row?.Contains("| simulator, seed ", StringComparison.Ordinal) is true, table.Printed);
    }

    /// <summary>One run of the list for all cases: the tree is copied and built once.</summary>
    public sealed class Table : IAsyncLifetime
    {
        private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

        public string Printed { get; private set; } = "";

        public async Task InitializeAsync()
        {
            var start = new ProcessStartInfo("bash") { RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (var argument in (string[])[Script(), AckBeforeDurable, CommitByMinority, VoteTwiceInTerm])
            {
                start.ArgumentList.Add(argument);
            }

            using var process = Process.Start(start)!;
            using var limit = new CancellationTokenSource(Limit);
            try
            {
                var printed = process.StandardOutput.ReadToEndAsync(limit.Token);
                var progress = process.StandardError.ReadToEndAsync(limit.Token);
                await process.WaitForExitAsync(limit.Token);
                Printed = $"{await printed}\n{await progress}\nexit code {process.ExitCode}";
            }
            finally
            {
                process.Kill(entireProcessTree: true);
            }
        }

        public Task DisposeAsync() => Task.CompletedTask;

        private static string Script([CallerFilePath] string source = "") =>
            Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "../Mutants/run"));
    }
}
