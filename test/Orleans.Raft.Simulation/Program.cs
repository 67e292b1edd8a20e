using System.Diagnostics;
using System.Globalization;

namespace Orleans.Raft.Simulation;

/// <summary>The simulator's command line; see docs/TESTING.md.</summary>
internal static class Program
{
    private const string Usage =
        "usage: --seeds N [--first S] | --seed S [--quiet] | --minutes M [--first S]   and: [--ignore-lives] [--early-votes] [--keep-going]";

    public static int Main(string[] args)
    {
        if (!Arguments.TryParse(args, out var arguments))
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        return arguments.Seed is { } seed ? Replay(seed, arguments) : RunMany(arguments);
    }

    private static int Replay(ulong seed, Arguments arguments)
    {
        var story = arguments.IsQuiet ? Story.Silent : Story.To(Console.Out);
        var outcome = SeedRun.Run(seed, story, arguments.Switches);
        if (outcome.Violation is not null)
        {
            Console.WriteLine($"VIOLATION {outcome.Violation}");
        }

        Console.WriteLine(outcome.Totals.DescribeMore());
        Console.WriteLine(outcome.Totals);
        return outcome.Violation is null ? 0 : 1;
    }

    private static int RunMany(Arguments arguments)
    {
        var totals = new SimTotals();
        var watch = Stopwatch.StartNew();
        var nextReport = TimeSpan.FromSeconds(10);
        for (var n = 0UL; n < arguments.Count && watch.Elapsed < arguments.Duration; n++)
        {
            var seed = arguments.First + n;
            var outcome = SeedRun.Run(seed, Story.Silent, arguments.Switches);
            totals.Add(outcome.Totals);
            if (outcome.Violation is not null)
            {
                Console.WriteLine($"VIOLATION seed {seed}: {outcome.Violation}");
                Console.WriteLine($"  replay: dotnet run -c Release --project test/Orleans.Raft.Simulation -- --seed {seed}{arguments.DescribeSwitches()}");
                if (!arguments.IsKeptGoing)
                {
                    break;
                }
            }

            if (watch.Elapsed > nextReport)
            {
                nextReport = watch.Elapsed + TimeSpan.FromSeconds(10);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{watch.Elapsed.TotalSeconds:F0} s, seed {seed}, {totals.Seeds / watch.Elapsed.TotalSeconds:F0} seeds/s, {totals.Steps / watch.Elapsed.TotalSeconds:F0} steps/s: {totals}"));
            }
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{totals.Seeds / watch.Elapsed.TotalSeconds:F1} seeds/s, {totals.Steps / watch.Elapsed.TotalSeconds:F0} steps/s; {totals.DescribeMore()}"));
        Console.WriteLine(totals.DescribeRecoveries());
        Console.WriteLine(totals.DescribeAverages());
        if (totals.WithoutPreVote.AreTooLate)
        {
            totals.Violations++;
            Console.WriteLine($"VIOLATION of liveness: {totals.WithoutPreVote.LateCount} of {totals.WithoutPreVote.Count} seeds without pre-vote took longer than {Recoveries.PromisedTimeouts} election timeouts");
        }

        Console.WriteLine(totals);
        return totals.Violations == 0 ? 0 : 1;
    }
}
