namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// Reads a data directory without changing it, every byte of the log and every row of the state store, while nothing has it open.
/// <c>samples/LogInspector</c> prints what it finds.
/// </summary>
public static class EngineInspector
{
    /// <summary>Inspects a directory. Damage is in the report, never an exception.</summary>
    /// <param name="directory">A silo's data directory, which holds <c>identity</c>, <c>log</c> and <c>state</c>.</param>
    public static EngineReport Inspect(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var paths = new WalPaths(Path.GetFullPath(directory));
        var findings = new Findings();
        var report = new EngineReport { Directory = paths.Directory };
        findings.Try(() =>
        {
            using var held = Hold(paths);
            report = Inspect(paths, findings);
        });
        return report with { Condition = findings.Condition, Problems = findings.Problems, Notes = findings.Notes };
    }

    /// <summary>Lists the entries of one group.</summary>
    /// <param name="directory">A silo's data directory.</param>
    /// <param name="group">The group.</param>
    /// <exception cref="IOException">The directory can't be read, or holds something else than was written.</exception>
    /// <exception cref="ArgumentException">It holds no such group.</exception>
    public static IReadOnlyList<EntryReport> ReadEntries(string directory, RaftGroupId group)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var paths = new WalPaths(Path.GetFullPath(directory));
        using var held = Hold(paths);
        using var log = LogInspection.Open(paths);
        log.Recover();
        return log.ReadEntries(group);
    }

    private static EngineReport Inspect(WalPaths paths, Findings findings)
    {
        var report = new EngineReport { Directory = paths.Directory };
        LogInspection? opened = null;
        if (!findings.Try(() => opened = LogInspection.Open(paths)) || opened is null)
        {
            return report;
        }

        using var log = opened;
        report = log.Describe(report, findings);
        if (!Directory.Exists(paths.StateDirectory))
        {
            if (report.Groups.Where(static group => group.CompactedIndex > 0).Select(static group => group.Group).ToList() is { Count: > 0 } begun)
            {
                findings.Notes.Add($"{paths.StateDirectory}: no such directory. A clustering voter has none; replicas that kept rows in it can't start, their logs begin later: {string.Join(", ", begun)}.");
            }

            return report;
        }

        report = report with { HasState = true };
        findings.Try(() => report = report with { Generations = StateInspection.Read(paths.StateDirectory, report.StoreId, report.Groups, findings) });
        return report;
    }

    /// <summary>Keeps silos out meanwhile, without creating or changing a file.</summary>
    private static IDisposable? Hold(WalPaths paths)
    {
        if (!Directory.Exists(paths.Directory))
        {
            throw new IOException($"{paths.Directory}: no such directory.");
        }

        if (!File.Exists(paths.Identity))
        {
            throw new IOException(Directory.Exists(paths.LogDirectory)
                ? $"{paths.Identity}: no such file. A directory with a log and without it was never made whole, or the file was deleted; the log can't be judged. "
                    + "Put the file back from a copy of this directory, or let the silo join again with an empty directory."
                : $"{paths.Directory}: not a data directory of Orleans.Raft: it has no file 'identity'. Name that of one silo, for instance raft-data/silo-1.");
        }

        try
        {
            // A copy may lack the file; then nobody can have it open.
            return File.Exists(paths.Lock) ? File.OpenHandle(paths.Lock, FileMode.Open, FileAccess.Read, FileShare.None) : null;
        }
        catch (IOException e)
        {
            throw new IOException($"{paths.Lock}: the data directory is in use. It is read only while nothing has it open: stop the silo first.", e);
        }
    }
}
