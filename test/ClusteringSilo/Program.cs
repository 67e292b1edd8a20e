using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace ClusteringSilo;

/// <summary>
/// One silo. Prints <c>active</c>, then each change of membership, and answers lines of its input: <c>call KEY</c> asks a grain. The end of the
/// input stops it, so that it never outlives the test.
/// </summary>
internal static class Program
{
    private static async Task Main(string[] arguments)
    {
        if (arguments[0] == "voter")
        {
            await VoterHost.RunAsync(arguments);
            return;
        }

        if (arguments[0] == "provider")
        {
            await ProviderHost.RunAsync(arguments);
            return;
        }

        using var host = SiloHost.Build(SiloArguments.Parse(arguments), static logging => logging
            .SetMinimumLevel(LogLevel.Information)
            .AddSimpleConsole(static console => (console.SingleLine, console.TimestampFormat) = (true, "HH:mm:ss.fff "))
            .AddFilter("Orleans.Raft", LogLevel.Information)
            .AddFilter("Orleans.Runtime.MembershipService", LogLevel.Information)
            .AddFilter("Orleans", LogLevel.Warning)
            .AddFilter("Microsoft", LogLevel.Warning));
        await host.StartAsync();
        Print($"active {host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress}");
        using var stopping = new CancellationTokenSource();
        var watching = WatchAsync(host.Services.GetRequiredService<IClusterMembershipService>(), stopping.Token);
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        while (await Console.In.ReadLineAsync() is { } line && line != "stop")
        {
            try
            {
                Print($"answer {await grains.GetGrain<IPlaceGrain>(line["call ".Length..]).Where()}");
            }
            catch (Exception failure) when (failure is OrleansException or TimeoutException)
            {
                Print($"answer failed {failure.Message.ReplaceLineEndings(" ")}");
            }
        }

        await stopping.CancelAsync();
        await watching;
        await host.StopAsync();
        Print("stopped");
    }

    private static async Task WatchAsync(IClusterMembershipService membership, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var update in membership.MembershipUpdates.WithCancellation(cancellationToken))
            {
                Print($"members {string.Join(' ', update.Members.Values.OrderBy(static member => member.SiloAddress)
                    .Select(static member => $"{member.Name}:{member.SiloAddress.Generation}:{member.Status}"))}");
            }
        }
        catch (OperationCanceledException)
        {
            // The program ends.
        }
    }

    private static void Print(string line) => Console.Out.WriteLine($"> {line}");
}
