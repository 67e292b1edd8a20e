namespace Orleans.Raft.Benchmarks;

/// <summary>One benchmark of the console program; found by the program itself, so a folder with a class is all that a new one needs.</summary>
internal interface IBenchmark
{
    /// <summary>What comes after <c>--</c> on the command line.</summary>
    string Name { get; }

    /// <summary>One line for the list.</summary>
    string Description { get; }

    /// <summary>Runs and returns the section for docs/BENCHMARKS.md, as markdown without its heading.</summary>
    Task<string> RunAsync(BenchmarkArguments arguments);
}

/// <summary>What all benchmarks understand: <c>--rounds N</c>, <c>--seconds N</c> per measurement, <c>--data DIR</c>.</summary>
internal sealed record BenchmarkArguments(int? Rounds, double? Seconds, string DataDirectory, IReadOnlyList<string> Rest);
