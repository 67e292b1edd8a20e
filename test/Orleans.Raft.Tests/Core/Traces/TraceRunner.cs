using System.Text;

namespace Orleans.Raft.Tests.Core.Traces;

/// <summary>Runs a trace file to its first mismatch, which it reports with file, line, expected and actual.</summary>
internal static class TraceRunner
{
    public static void Run(string path)
    {
        ITraceMachine machine = Path.GetFileName(Path.GetDirectoryName(path)) switch
        {
            "confchange" => new ConfChangeTrace(),
            "quorum" => new QuorumTrace(),
            _ => new InteractionTrace(),
        };
        foreach (var block in TraceFile.Read(path))
        {
            var actual = machine.Run(block);
            if (actual != block.Expected)
            {
                Assert.Fail(Difference(path, block, actual));
            }
        }
    }

    private static string Difference(string path, TraceBlock block, string actual)
    {
        var text = new StringBuilder();
        text.Append(path).Append(':').Append(block.Line).Append(": ").Append(block.Command.Name).Append(' ').AppendJoin(' ', block.Command.Tokens);
        text.Append("\n(- expected, + actual)\n");
        var (expectedLines, actualLines) = (block.Expected.Split('\n'), actual.Split('\n'));
        foreach (var (sign, line) in Diff(expectedLines, actualLines))
        {
            text.Append(sign).Append(' ').Append(line).Append('\n');
        }

        return Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(text.ToString()));
    }

    /// <summary>Longest common subsequence, so that one missing line shows as one missing line.</summary>
    private static IEnumerable<(char Sign, string Line)> Diff(string[] expected, string[] actual)
    {
        var common = new int[expected.Length + 1, actual.Length + 1];
        for (var i = expected.Length - 1; i >= 0; i--)
        {
            for (var j = actual.Length - 1; j >= 0; j--)
            {
                common[i, j] = expected[i] == actual[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }

        var (e, a) = (0, 0);
        while (e < expected.Length || a < actual.Length)
        {
            if (e < expected.Length && a < actual.Length && expected[e] == actual[a])
            {
                yield return (' ', expected[e]);
                (e, a) = (e + 1, a + 1);
            }
            else if (a == actual.Length || (e < expected.Length && common[e + 1, a] >= common[e, a + 1]))
            {
                yield return ('-', expected[e++]);
            }
            else
            {
                yield return ('+', actual[a++]);
            }
        }
    }
}
