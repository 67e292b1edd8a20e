using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace KeyValueStore;

/// <summary>A key-value service on three silos that keep their state in Raft.</summary>
internal static class Program
{
    private const int BadUsage = 2;
    private static readonly TimeSpan MaxStopTime = TimeSpan.FromSeconds(9);
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);

    private static async Task<int> Main(string[] arguments)
    {
        var (options, error) = CommandLine.Parse(arguments);
        if (error is not null)
        {
            return Refuse(error);
        }

        var cluster = new SiloCluster(options);
        if (cluster.Ports().Where(IsPortTaken).Cast<int?>().FirstOrDefault() is { } port)
        {
            return Refuse($"Port {port} is in use. Is KeyValueStore running already? Another range: --silo-port PORT.");
        }

        var client = new KeyValueClient(cluster);
        await using var web = BuildWeb(options, new HttpApi(cluster, client));
        try
        {
            await web.StartAsync();
        }
        catch (IOException exception) when (exception.InnerException is AddressInUseException)
        {
            return Refuse($"{options.Urls} is in use. Another address: --urls URL.");
        }

        return await RunAsync(options, cluster, client, web);
    }

    internal static void ConfigureLogging(ILoggingBuilder logging) => logging
        .ClearProviders()
        .AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat) = (true, "HH:mm:ss.fff "))
        .AddFilter(level => level >= LogLevel.Warning)

        // A port in use is told in one line of our own.
        .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);

    private static async Task<int> RunAsync(CommandLine options, SiloCluster cluster, KeyValueClient client, WebApplication web)
    {
        using var stopping = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        try
        {
            await cluster.StartAllAsync(stopping.Token);
            Console.WriteLine(Greeting(options));
            if (options.Import is not null)
            {
                await ImportAsync(options.Import, client, stopping.Token);
            }

            await Task.Delay(Timeout.Infinite, stopping.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            Console.WriteLine("Stopping.");
        }

        await StopAsync(cluster, web);
        return 0;

        void OnSignal(PosixSignalContext context)
        {
            // The first signal stops in order; a second one has its usual effect.
            context.Cancel = !stopping.IsCancellationRequested;
            stopping.Cancel();
        }
    }

    /// <summary>Whatever is acknowledged is on disk already, so a stop that takes too long may be cut short.</summary>
    private static async Task StopAsync(SiloCluster cluster, WebApplication web)
    {
        var stop = StopInOrderAsync();
        if (await Task.WhenAny(stop, Task.Delay(MaxStopTime)) != stop)
        {
            Console.WriteLine($"Some silo did not stop within {MaxStopTime.TotalSeconds:f0} s; ending all the same. Nothing acknowledged is lost.");
        }

        async Task StopInOrderAsync()
        {
            await cluster.StopAllAsync();
            await web.StopAsync();
        }
    }

    private static WebApplication BuildWeb(CommandLine options, HttpApi api)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        ConfigureLogging(builder.Logging);
        builder.WebHost.UseKestrelCore().UseUrls(options.Urls).ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ConfigureEndpointDefaults(NulKeys.Allow);
        });
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        var web = builder.Build();
        web.Run(api.HandleAsync);
        return web;
    }

    private static async Task ImportAsync(string file, KeyValueClient client, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(file);
        var (count, clock) = (0, Stopwatch.StartNew());
        var summary = await new Importer(client).RunAsync(
            PipeReader.Create(stream),
            line =>
            {
                count++;
                if (line.Error is not null)
                {
                    Console.WriteLine($"{file}, line {line.Number}: {line.Error}");
                }
                else if (clock.Elapsed > ProgressInterval)
                {
                    Console.WriteLine($"importing {file}: {count}");
                    clock.Restart();
                }

                return ValueTask.CompletedTask;
            },
            cancellationToken);
        Console.WriteLine($"{file}: {summary}");
    }

    private static bool IsPortTaken(int port)
    {
        using var probe = new TcpListener(IPAddress.Loopback, port);
        try
        {
            probe.Start();
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private static int Refuse(string reason)
    {
        Console.Error.WriteLine(reason);
        return BadUsage;
    }

    private static string Greeting(CommandLine options) => $"""
        Three silos ({string.Join(", ", SiloCluster.Names)}, ports from {options.SiloPort}) keep keys in Raft; data in {Path.GetFullPath(options.Data)}. Ctrl-C stops them.
          curl -X PUT --data 'hello' {options.Urls}/kv/greeting
          curl -i {options.Urls}/kv/greeting
          curl {options.Urls}/export
        """;
}
