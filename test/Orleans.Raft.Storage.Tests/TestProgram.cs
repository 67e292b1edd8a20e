using System.Globalization;
using Orleans.Raft.Storage.Tests.Kills;

namespace Orleans.Raft.Storage.Tests;

/// <summary>The test assembly as a program: the process that kill runs kill, and long kill runs by command.</summary>
internal static class TestProgram
{
    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["writer", var directory, var seed]:
                return await WriterProcess.RunAsync(directory, int.Parse(seed, CultureInfo.InvariantCulture));
            case ["kill", .. var options]:
                var chosen = Option(options, "--seed") ?? Environment.TickCount;
                Console.WriteLine($"seed {chosen}");
                using (var data = new TemporaryDirectory())
                {
                    await new KillRuns(Path.Combine(data.Path, "data"), chosen, Console.WriteLine).RunAsync(Option(options, "--rounds") ?? 300);
                }

                return 0;
            default:
                Console.Error.WriteLine("kill [--rounds N] [--seed N]");
                return 2;
        }
    }

    private static int? Option(string[] options, string name) =>
        Array.IndexOf(options, name) is var at && at >= 0 && at + 1 < options.Length ? int.Parse(options[at + 1], CultureInfo.InvariantCulture) : null;
}
