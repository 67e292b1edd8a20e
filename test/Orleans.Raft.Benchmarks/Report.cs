using System.Globalization;
using System.Reflection;

namespace Orleans.Raft.Benchmarks;

/// <summary>docs/BENCHMARKS.md: one section per benchmark, between two marks, so that each can be written anew alone.</summary>
internal static class Report
{
    /// <summary>The checkout that the program was built from; its disk is where data goes unless told otherwise.</summary>
    public static string RepositoryRoot { get; } = typeof(Report).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    private static string Page => Path.Combine(RepositoryRoot, "docs", "BENCHMARKS.md");

    /// <summary>The line under a section that says where its figures come from.</summary>
    public static string Machine(string command) => string.Create(CultureInfo.InvariantCulture,
        $"{DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores shared with other work, .NET {Environment.Version}, `{command}`.");

    /// <summary>Replaces the section, or appends it.</summary>
    public static void Write(string name, string section)
    {
        var (begin, end) = ($"<!-- {name} -->", $"<!-- end of {name} -->");
        var text = File.ReadAllText(Page);
        var from = text.IndexOf(begin, StringComparison.Ordinal);
        var to = text.IndexOf(end, StringComparison.Ordinal);
        var block = $"{begin}\n{section.Trim()}\n{end}";
        text = from >= 0 && to > from
            ? string.Concat(text.AsSpan(0, from), block, text.AsSpan(to + end.Length))
            : $"{text.TrimEnd()}\n\n{block}\n";
        File.WriteAllText(Page, text);
        Console.WriteLine($"Written to {Page}");
    }
}
