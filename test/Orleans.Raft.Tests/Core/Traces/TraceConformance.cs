using Orleans.Raft.Testing;

namespace Orleans.Raft.Tests.Core.Traces;

/// <summary>
/// The shared conformance traces, one case a file: from <c>RAFT_TRACES</c> where it is set, else from <c>shared/raft-traces</c> beside the repository.
/// </summary>
public sealed class TraceConformance
{
    private const string NoTraces = "";

    public static TheoryData<string> Files()
    {
        var data = new TheoryData<string>();
        var root = Root();
        string[] files = root is null ? [] : Directory.GetFiles(root, "*.txt", SearchOption.AllDirectories);
        foreach (var file in files.Order(StringComparer.Ordinal))
        {
            data.Add(Path.GetRelativePath(root!, file));
        }

        if (data.Count == 0)
        {
            data.Add(NoTraces);
        }

        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(Files))]
    public void Decides_as_the_traced_library(string file)
    {
        Requires.That(
            file != NoTraces,
            "conformance traces: RAFT_TRACES set to a folder with *.txt, or ../shared/raft-traces beside the repository");
        TraceRunner.Run(Path.Combine(Root()!, file));
    }

    private static string? Root()
    {
        if (Environment.GetEnvironmentVariable("RAFT_TRACES") is { Length: > 0 } configured)
        {
            return Directory.Exists(configured) ? configured : null;
        }

        // The repository may be a worktree a level deeper.
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Orleans.Raft.sln")))
            {
                var shared = Path.Combine(folder.Parent?.FullName ?? "/", "shared", "raft-traces");
                return Directory.Exists(shared) ? shared : null;
            }
        }

        return null;
    }
}
