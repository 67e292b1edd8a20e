using System.Diagnostics;
using System.Globalization;
using System.Text;
using Orleans.Configuration;

namespace Orleans.Raft.Benchmarks.Hosting;

/// <summary>
/// Three silos as processes; the one that leads most groups is killed (SIGKILL), and each of its groups is watched until another silo leads it. Groups
/// that are kept awake, then groups that sleep. Orleans' membership is left as slow as it is by default.
/// </summary>
internal sealed class FailoverBenchmark : IBenchmark
{
    private static readonly TimeSpan Election = RaftOptions.DefaultTickInterval * RaftOptions.DefaultElectionTicks;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public string Name => "failover";

    public string Description => "time until the groups of a killed silo have leaders, awake and asleep; --groups N";

    public async Task<string> RunAsync(BenchmarkArguments arguments)
    {
        if (arguments.Rest.Count > 0 && arguments.Rest[0] == "silo")
        {
            await FailoverSilo.RunAsync(arguments.Rest);
            return "";
        }

        var rounds = arguments.Rounds ?? 5;
        var groups = arguments.Rest.Count > 1 && arguments.Rest[0] == "--groups" ? int.Parse(arguments.Rest[1], CultureInfo.InvariantCulture) : 100;
        var text = new StringBuilder("## Leaders after a silo is killed\n\n");
        text.AppendLine(CultureInfo.InvariantCulture, $"Three silos as processes, {groups} groups of three replicas; in each of {rounds} rounds the silo that leads most is killed with SIGKILL. Times from the kill until");
        text.AppendLine(CultureInfo.InvariantCulture, $"another silo leads the group, in election timeouts (`ElectionTicks` × `TickInterval`, {Election.TotalSeconds} s), over all groups and rounds. Bars: half within 1.5, all within 4.");
        text.AppendLine().AppendLine("| groups | led by the killed | half within | 90 % | 99 % | all |").AppendLine("| --- | ---: | ---: | ---: | ---: | ---: |");
        foreach (var mode in (string[])["awake", "sleep"])
        {
            var times = await MeasureAsync(Path.Combine(arguments.DataDirectory, mode), groups, rounds, mode);
            text.AppendLine(CultureInfo.InvariantCulture, $"| {(mode == "sleep" ? "asleep" : mode)} | {times.Count} | {Statistics.Percentile(times, 0.5):0.00} | {Statistics.Percentile(times, 0.9):0.00} | {Statistics.Percentile(times, 0.99):0.00} | {times[^1]:0.00} |");
        }

        text.AppendLine().AppendLine(Report.Machine("dotnet run -c Release --project test/Orleans.Raft.Benchmarks -- failover"));
        return text.ToString();
    }

    private static async Task<List<double>> MeasureAsync(string data, int groups, int rounds, string mode)
    {
        var times = new List<double>();
        var silos = Enumerable.Range(0, 3).Select(number => new FailoverProcess(data, number, groups, mode)).ToList();
        try
        {
            silos.ForEach(silo => silo.Start());
            for (var round = 1; round <= rounds; round++)
            {
                await UntilAsync(() => silos.TrueForAll(silo => silo.IsReady) && silos.Sum(silo => silo.Led.Count) == groups, silos);
                var victim = silos.MaxBy(silo => silo.Led.Count)!;
                var led = victim.Led;
                var survivors = silos.Where(silo => silo != victim).ToList();
                var killedAt = Stopwatch.GetTimestamp();
                victim.Kill();
                await UntilAsync(() => led.All(group => survivors.Exists(silo => silo.LeadsSince(group) > killedAt)), silos);
                var taken = led.Select(group => Stopwatch.GetElapsedTime(killedAt, survivors.Max(silo => silo.LeadsSince(group))) / Election).Order().ToList();
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{mode} round {round}: {led.Count} groups, half {Statistics.Percentile(taken, 0.5):0.00}, all {taken[^1]:0.00}"));
                times.AddRange(taken);
                victim.Start();
            }
        }
        finally
        {
            silos.ForEach(silo => silo.Kill());
        }

        times.Sort();
        return times;
    }

    private static async Task UntilAsync(Func<bool> isSo, List<FailoverProcess> silos)
    {
        for (var watch = Stopwatch.StartNew(); !isSo();)
        {
            if (watch.Elapsed > Patience)
            {
                throw new TimeoutException($"Not so within {Patience}: {string.Join("; ", silos)}");
            }

            await Pause.ForAsync(TimeSpan.FromMilliseconds(20));
        }
    }
}
