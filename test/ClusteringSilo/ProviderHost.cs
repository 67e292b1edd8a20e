using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Orleans.Storage;

namespace ClusteringSilo;

/// <summary>
/// A silo whose grain storage is driven from outside: <c>provider name siloPort gatewayPort data name=host:port,…</c>. A line of input is <c>ID read|write|clear KEY ETAG TEXT</c>, its answer
/// <c>> ID OUTCOME ETAG TEXT</c> (see <see cref="ProviderAnswer"/>); a dash is nothing. What comes while something else runs runs beside it. Ends with its input.
/// </summary>
internal static class ProviderHost
{
    private const string Nothing = "-";

    public static async Task RunAsync(string[] arguments)
    {
        var silo = SiloArguments.Parse(arguments[1..]);
        using var host = SiloHost.Build(
            silo,
            static logging => logging.SetMinimumLevel(LogLevel.Warning).AddSimpleConsole(static console => (console.SingleLine, console.TimestampFormat) = (true, "HH:mm:ss.fff ")),
            also: orleans => orleans
                .AddRaft(raft =>
                {
                    raft.InitialSilos = [.. silo.Voters.Keys.Order(StringComparer.Ordinal)];
                    raft.DataDirectory = Path.Combine(silo.Data, "raft");
                    (raft.CompactionEntries, raft.CompactionTailEntries) = (200, 20);
                })
                .AddRaftGrainStorage("raft", options => (options.Groups, options.DeleteStateOnClear) = (2, true)));
        await host.StartAsync();
        var storage = host.Services.GetRequiredKeyedService<IGrainStorage>("raft");
        Print("active");
        while (await Console.In.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ');
            _ = Task.Run(async () => Print($"{words[0]} {await DoAsync(storage, words)}"));
        }
    }

    private static async Task<string> DoAsync(IGrainStorage storage, string[] words)
    {
        var answer = await StorageCaller.DoAsync(storage, words[1], words[2], words[3] == Nothing ? null : words[3], words[4] == Nothing ? null : words[4]);
        return $"{answer.Outcome} {answer.ETag ?? Nothing} {answer.Text ?? Nothing}";
    }

    private static void Print(string line)
    {
        lock (typeof(ProviderHost))
        {
            Console.Out.WriteLine($"> {line}");
            Console.Out.Flush();
        }
    }
}
