using Orleans.Configuration;
using Orleans.Raft;
using Orleans.Raft.Storage.Engine;

namespace RaftRecover;

/// <summary>The command: shows what a survivor's directory holds, asks for the phrase, and starts a new cluster from it.</summary>
internal static class Recovery
{
    private const int Misused = 64;

    private const string Usage = """
        RaftRecover --from-survivor DIR --service SERVICE_ID --silo NAME

        Starts a new cluster from the data directory of one silo, when the directories of a majority are lost for good. The silo must be stopped. It shows what
        the directory holds and asks for a phrase; with anything else it changes nothing. Read docs/OPERATIONS.md first.
        """;

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextReader input, TextWriter output, TextWriter errors)
    {
        if (arguments is not ["--from-survivor", var directory, "--service", var service, "--silo", var silo])
        {
            await errors.WriteLineAsync(Usage);
            return Misused;
        }

        if (!Directory.Exists(directory))
        {
            await errors.WriteLineAsync($"There is no directory {directory}.");
            return 1;
        }

        var engine = new StorageEngine(new RaftEngineOptions());
        var settings = new LogStoreSettings(directory, service, silo);
        try
        {
            await output.WriteLineAsync(await RaftRecovery.DescribeAsync(engine, engine, settings, CancellationToken.None));
            var typed = await input.ReadLineAsync() ?? "";
            await output.WriteLineAsync(await RaftRecovery.FromSurvivorAsync(engine, engine, settings, typed.Trim(), CancellationToken.None));
            return 0;
        }
        catch (Exception exception) when (exception is RaftException or IOException or CorruptionException)
        {
            await errors.WriteLineAsync(exception.Message);
            return 1;
        }
    }
}
