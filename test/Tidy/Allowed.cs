using Xunit;

namespace Orleans.Raft.Tidy;

/// <summary>The exceptions in <c>allowed.txt</c>, each with its reason.</summary>
internal static class Allowed
{
    /// <summary>Fails with what <paramref name="findings"/> hold beyond the list, and with list entries that nothing needs.</summary>
    public static void Check(string rule, string why, IEnumerable<Finding> findings)
    {
        var allowed = Entries().Where(entry => entry.Rule == rule).ToList();
        var used = new HashSet<string>(StringComparer.Ordinal);
        var refused = new List<Finding>();
        foreach (var finding in findings)
        {
            var entry = allowed.FirstOrDefault(entry => entry.Subject == finding.File || entry.Subject == $"{finding.File}:{finding.Name}");
            if (entry is null)
            {
                refused.Add(finding);
            }
            else
            {
                used.Add(entry.Subject);
            }
        }
        Assert.True(refused.Count == 0,
            $"{why}{Environment.NewLine}{string.Join(Environment.NewLine, refused)}{Environment.NewLine}" +
            $"An exception is a line in test/Tidy/allowed.txt: {rule} | file or file:name | reason");
        var stale = allowed.Where(entry => !used.Contains(entry.Subject)).ToList();
        Assert.True(stale.Count == 0, $"test/Tidy/allowed.txt allows what nobody does any more: {string.Join("; ", stale)}");
    }

    public static IEnumerable<Exception> Entries() =>
        from line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "allowed.txt"))
        where line.Length > 0 && line[0] != '#'
        let parts = line.Split('|', StringSplitOptions.TrimEntries)
        select parts is [var rule, var subject, { Length: > 10 } reason]
            ? new Exception(rule, subject, reason)
            : throw new FormatException($"allowed.txt: '{line}' is not: rule | file or file:name | reason");

    internal sealed record Exception(string Rule, string Subject, string Reason);
}

/// <summary>One place that breaks a rule.</summary>
internal sealed record Finding(string File, int Line, string Name, string What)
{
    public override string ToString() => $"  {File}:{Line} {Name} {What}".TrimEnd();
}
