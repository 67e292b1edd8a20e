using System.Globalization;
using System.Text;

namespace Orleans.Raft.Hosting;

/// <summary>Silos and groups as text in columns.</summary>
internal static class StatusTable
{
    private static readonly string[] SiloHeads = ["silo", "status", "leads", "replicas", "address", "waits"];
    private static readonly string[] GroupHeads = ["group", "leader", "term", "commit", "applied", "replica", "role", "state", "match", "applied", "lag"];

    /// <summary>Writes both tables.</summary>
    public static string Of(IEnumerable<RaftSiloStatus> silos, IEnumerable<RaftGroupStatus> groups)
    {
        var text = new StringBuilder();
        Write(text, SiloHeads, silos.Select(silo => new[]
        {
            silo.Silo, silo.IsAnswering ? silo.Status : silo.Status + " (silent)", Text(silo.Leads), Text(silo.Replicas), silo.Address ?? "-", silo.Waits,
        }));
        text.AppendLine();
        Write(text, GroupHeads, groups.SelectMany(RowsOf));
        return text.ToString();
    }

    private static IEnumerable<string[]> RowsOf(RaftGroupStatus group)
    {
        var isFirst = true;
        foreach (var replica in group.Replicas)
        {
            string[] head = isFirst ? [$"{group.Name}/{Text(group.Index)}", group.Leader ?? "none", Text(group.Term), Text(group.Committed), Text(group.Applied)] : ["", "", "", "", ""];
            isFirst = false;
            yield return [.. head, $"{Text(replica.Replica)}@{replica.Silo}", replica.Role.ToString(), replica.State, Text(replica.Match), Text(replica.Applied), Text(replica.Lag)];
        }
    }

    private static void Write(StringBuilder text, string[] heads, IEnumerable<string[]> rows)
    {
        string[][] all = [heads, .. rows];
        var widths = heads.Select((_, column) => all.Max(row => row[column].Length)).ToArray();
        foreach (var row in all)
        {
            text.AppendLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
