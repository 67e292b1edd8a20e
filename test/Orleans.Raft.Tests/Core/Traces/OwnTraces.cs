using System.Runtime.CompilerServices;
using System.Text;

namespace Orleans.Raft.Tests.Core.Traces;

/// <summary>
/// Our own traces, for what the shared ones don't reach. With ORLEANS_RAFT_REWRITE_TRACES=1 they are rewritten with what the core does now;
/// read the difference before you keep it.
/// </summary>
public sealed class OwnTraces
{
    public static TheoryData<string> Files()
    {
        var data = new TheoryData<string>();
        foreach (var file in Directory.GetFiles(Folder(), "*.txt").Select(Path.GetFileName).Order(StringComparer.Ordinal))
        {
            data.Add(file!);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Decides_as_written(string file)
    {
        var path = Path.Combine(Folder(), file);
        if (Environment.GetEnvironmentVariable("ORLEANS_RAFT_REWRITE_TRACES") == "1")
        {
            Rewrite(path);
        }

        TraceRunner.Run(path);
    }

    private static void Rewrite(string path)
    {
        var (machine, text) = (new InteractionTrace(), new StringBuilder());
        var blocks = new Queue<TraceBlock>(TraceFile.Read(path));
        var isInExpected = false;
        foreach (var line in Encoding.Latin1.GetString(File.ReadAllBytes(path)).TrimEnd('\n').Split('\n'))
        {
            if (line == "----")
            {
                text.Append("----\n").Append(machine.Run(blocks.Dequeue()));
                isInExpected = true;
                continue;
            }

            isInExpected &= line.Length > 0;
            if (!isInExpected)
            {
                text.Append(line).Append('\n');
            }
        }

        File.WriteAllBytes(path, Encoding.Latin1.GetBytes(text.ToString()));
    }

    private static string Folder([CallerFilePath] string source = "") => Path.GetDirectoryName(source)!;
}
