using Orleans.Raft;
using Orleans.Raft.Storage.Engine;

namespace LogInspector;

/// <summary>The commands: what a silo's data directory holds, read-only, while the silo is stopped.</summary>
internal static class Inspection
{
    private const int Misused = 64;

    private const string Usage = """
        LogInspector status DIR          whose directory it is, and whether it is whole
        LogInspector check DIR           what is wrong with it; exits 0 clean, 1 torn tail, 2 corrupt, 3 unreadable
        LogInspector dump DIR [GROUP]    segments, groups and state as tables; with GROUP (orders/17) its entries

        DIR is one silo's data directory, for instance raft-data/silo-1. Nothing may have it open, and nothing is changed.
        """;

    public static int Run(IReadOnlyList<string> arguments, TextWriter output, TextWriter errors)
    {
        switch (arguments)
        {
            case ["check", var directory]:
                return Check(EngineInspector.Inspect(directory), output);
            case ["status", var directory]:
                return Status(EngineInspector.Inspect(directory), output);
            case ["dump", var directory]:
                return Dump(EngineInspector.Inspect(directory), output);
            case ["dump", var directory, var text] when RaftGroupId.TryParse(text, out var group):
                return DumpEntries(directory, group, output, errors);
            default:
                errors.WriteLine(Usage);
                return Misused;
        }
    }

    private static int Check(EngineReport report, TextWriter output)
    {
        foreach (var problem in report.Problems)
        {
            output.WriteLine(problem);
        }

        output.WriteLine(Verdict(report));
        return (int)report.Condition;
    }

    private static int Status(EngineReport report, TextWriter output)
    {
        WriteIdentity(report, output);
        if (report.StoreId == default)
        {
            WriteRemarks(report, output);
            return (int)report.Condition;
        }

        var live = report.Segments.Sum(static segment => segment.LiveBytes);
        output.WriteLine($"log: {report.Groups.Count} groups, {report.Segments.Count} segments, {report.Segments.Sum(static segment => segment.FileBytes):N0} bytes, {live:N0} of them live, last batch {report.LastSequence}, "
            + (report.IsCleanlyClosed ? "closed" : "not closed"));
        output.WriteLine(report.HasState
            ? $"state: {report.Generations.Count} generations, {report.Generations.Sum(static generation => generation.Rows):N0} rows, {report.Generations.Sum(static generation => generation.Bytes):N0} bytes"
                + (report.IsCleanlyClosed ? "" : "; what was not flushed is applied from the log again")
            : "state: no state store");
        WriteRemarks(report, output);
        return (int)report.Condition;
    }

    private static int Dump(EngineReport report, TextWriter output)
    {
        WriteIdentity(report, output);
        var segments = new Table("segment", "bytes", "first batch", "last batch", "end", "live bytes", "index", "problem");
        foreach (var segment in report.Segments)
        {
            segments.Add(segment.File, segment.FileBytes, segment.FirstSequence, segment.LastSequence, segment.DataEnd, segment.LiveBytes, segment.Index, segment.Problem ?? "");
        }

        var groups = new Table("group", "number", "generation", "after", "last", "term", "vote", "commit", "live bytes", "metadata", "configuration");
        foreach (var group in report.Groups)
        {
            groups.Add(
                group.Group, group.Number, Generation(group.Generation), $"{group.CompactedTerm}/{group.CompactedIndex}", $"{group.LastTerm}/{group.LastIndex}", group.Term, group.Vote,
                group.Committed, group.LiveBytes, group.MetadataBytes, group.Configuration);
        }

        var generations = new Table("generation", "group", "applied", "rows", "bytes");
        foreach (var generation in report.Generations)
        {
            var applied = $"{generation.AppliedTerm}/{generation.AppliedIndex}";
            generations.Add(Generation(generation.Generation), generation.Group?.ToString() ?? "none", applied, generation.Rows, generation.Bytes);
        }

        segments.Write(output);
        groups.Write(output);
        generations.Write(output);
        foreach (var replica in report.RemovedReplicas)
        {
            output.WriteLine($"removed: {replica}");
        }

        WriteRemarks(report, output);
        return (int)report.Condition;
    }

    private static int DumpEntries(string directory, RaftGroupId group, TextWriter output, TextWriter errors)
    {
        IReadOnlyList<EntryReport> entries;
        try
        {
            entries = EngineInspector.ReadEntries(directory, group);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            errors.WriteLine(e.Message);
            return (int)(e is CorruptionException ? EngineCondition.Corrupt : EngineCondition.Unreadable);
        }

        var table = new Table("entry", "type", "bytes", "segment", "offset", "crc32c");
        foreach (var entry in entries)
        {
            table.Add($"{entry.Term}/{entry.Index}", entry.Type, entry.Bytes, entry.File, entry.Offset, $"{entry.Checksum:x8}");
        }

        table.Write(output);
        return 0;
    }

    private static void WriteIdentity(EngineReport report, TextWriter output)
    {
        output.WriteLine(report.Directory);
        if (report.StoreId != default)
        {
            output.WriteLine($"silo '{report.SiloName}' of service '{report.ServiceId}', store {report.StoreId:N}, opened {report.OpenCounter} times");
        }
    }

    private static void WriteRemarks(EngineReport report, TextWriter output)
    {
        foreach (var note in report.Notes)
        {
            output.WriteLine($"note: {note}");
        }

        foreach (var problem in report.Problems)
        {
            output.WriteLine($"problem: {problem}");
        }

        output.WriteLine(Verdict(report));
    }

    private static string Verdict(EngineReport report) => report.Condition switch
    {
        EngineCondition.Clean => "clean",
        EngineCondition.TornTail => "torn tail: the last batch was never acknowledged; the next start cuts it",
        EngineCondition.Corrupt => "corrupt",
        EngineCondition.Unreadable => "unreadable",
        var other => throw new InvalidOperationException($"{other}"),
    };

    /// <summary>Which opening made it, and its number in that life.</summary>
    private static string Generation(long generation) => $"{generation >> 32}.{generation & uint.MaxValue}";
}
