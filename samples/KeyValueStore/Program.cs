using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Orleans.Runtime;

namespace KeyValueStore;

/// <summary>A key-value service on three silos that keep their state in Raft.</summary>
internal static class Program
{
    private const int BadUsage = 2;
    private const string LogVariable = "KEYVALUESTORE_LOG";
    private static readonly TimeSpan MaxStopTime = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan WaitingInterval = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);

    private static async Task<int> Main(string[] arguments)
    {
        var (options, error) = CommandLine.Parse(arguments);
        if (error is not null)
        {
            return Refuse(error);
        }

        if (options.FindObstacle() is { } obstacle)
        {
            return Refuse(obstacle);
        }

        foreach (var node in options.Local)
        {
            if (node.Ports.Where(port => IsPortTaken(node.ListenAddress, port)).Cast<int?>().FirstOrDefault() is { } port)
            {
                return Refuse($"Port {port}, which {node.Name} needs, is in use. Is KeyValueStore running already?");
            }
        }

        using var metrics = new Metrics();
        var log = new PlainLog(Console.Error, TimeProvider.System);
        var cluster = new SiloCluster(options, metrics, log);
        var client = new KeyValueClient(cluster);
        await using var web = BuildWeb(options, log, logger => new HttpApi(cluster, client, metrics, logger));
        try
        {
            await web.StartAsync();
        }
        catch (IOException exception) when (exception.InnerException is AddressInUseException)
        {
            return Refuse($"{options.Urls} is in use. Another address: --urls URL.");
        }

        return await RunAsync(options, cluster, client, web, log);
    }

    /// <summary>Silence, unless something is wrong; or what the environment variable asks for, then in full.</summary>
    internal static void ConfigureLogging(ILoggingBuilder logging, PlainLog log)
    {
        logging.ClearProviders();
        if (Enum.TryParse<LogLevel>(Environment.GetEnvironmentVariable(LogVariable), ignoreCase: true, out var asked))
        {
            logging.AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat) = (true, "HH:mm:ss.fff ")).SetMinimumLevel(asked);
            return;
        }

        logging.AddProvider(log)
            .SetMinimumLevel(LogLevel.Warning)

            // A port in use is told in one line of our own, and so is a start that failed.
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical)
            .AddFilter("Orleans.Runtime.Silo", LogLevel.Critical)

            // That a silo is not ready yet is told by /health/ready.
            .AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.Critical);
    }

    private static async Task<int> RunAsync(CommandLine options, SiloCluster cluster, KeyValueClient client, WebApplication web, PlainLog log)
    {
        using var stopping = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        var exitCode = 0;
        try
        {
            await StartAsync(cluster, log, stopping.Token);
            Console.WriteLine(Greeting(options));
            foreach (var moved in await Founding.FindMovedAsync(client, options))
            {
                Console.Error.WriteLine(moved);
            }

            if (options.Import is not null)
            {
                await ImportAsync(options.Import, client, stopping.Token);
            }

            await Task.Delay(Timeout.Infinite, stopping.Token);
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            // A start or an import that is cut short fails in many ways; none of them matters now.
            Console.WriteLine("Stopping.");
        }
        catch (Exception exception) when (!cluster.HasStarted)
        {
            exitCode = exception is UsageException or OrleansConfigurationException || IsPortTaken(exception) ? BadUsage : 1;
            Console.Error.WriteLine(exception.Message.ReplaceLineEndings(" "));
        }

        await StopAsync(cluster, web, isTold: cluster.HasStarted);

        // Whatever still waits for others waits in vain.
        Environment.Exit(exitCode);
        return exitCode;

        void OnSignal(PosixSignalContext context)
        {
            // The first signal stops in order; a second one has its usual effect.
            context.Cancel = !stopping.IsCancellationRequested;
            cluster.BeginStop();
            stopping.Cancel();
        }
    }

    private static async Task StartAsync(SiloCluster cluster, PlainLog log, CancellationToken cancellationToken)
    {
        var start = cluster.StartAllAsync(cancellationToken);
        while (await Task.WhenAny(start, Task.Delay(WaitingInterval, cancellationToken)) != start && !cancellationToken.IsCancellationRequested)
        {
            if (log.Waiting is { } reason)
            {
                Console.Error.WriteLine(reason);
            }
        }

        await start;
    }

    /// <summary>Whatever is acknowledged is on disk already, so a stop that takes too long may be cut short.</summary>
    private static async Task StopAsync(SiloCluster cluster, WebApplication web, bool isTold)
    {
        var stop = StopInOrderAsync();
        var isDone = await Task.WhenAny(stop, Task.Delay(MaxStopTime)) == stop;
        if (!isTold)
        {
            // Why it ends was said already, in the one line that there is.
            return;
        }

        if (!isDone)
        {
            Console.WriteLine($"Some silo did not stop within {MaxStopTime.TotalSeconds:f0} s; ending all the same. Nothing acknowledged is lost.");
        }
        else if (stop.Exception?.InnerException is { } exception)
        {
            Console.WriteLine($"Stopped, though not in order: {exception.Message} Nothing acknowledged is lost.");
        }

        async Task StopInOrderAsync()
        {
            try
            {
                await cluster.StopAllAsync();
            }
            finally
            {
                // Requests that wait are answered, however the silos ended.
                await web.StopAsync();
            }
        }
    }

    private static WebApplication BuildWeb(CommandLine options, PlainLog log, Func<ILogger<HttpApi>, HttpApi> api)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        ConfigureLogging(builder.Logging, log);
        builder.WebHost.UseKestrelCore().UseUrls(options.Urls).ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ConfigureEndpointDefaults(NulKeys.Allow);
        });
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        var web = builder.Build();
        web.Run(api(web.Services.GetRequiredService<ILogger<HttpApi>>()).HandleAsync);
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

    private static bool IsPortTaken(IPAddress address, int port)
    {
        using var probe = new TcpListener(address, port);
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

    /// <summary>Somebody took a port after it was found free.</summary>
    private static bool IsPortTaken(Exception exception) =>
        exception is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse } || (exception.InnerException is { } inner && IsPortTaken(inner));

    private static int Refuse(string reason)
    {
        Console.Error.WriteLine(reason);
        return BadUsage;
    }

    private static string Greeting(CommandLine options) => $"""
        {Silos(options)} Data in {Path.GetFullPath(options.Data)}; the picture is at {options.Urls}/. Ctrl-C stops.
          curl -X PUT --data 'hello' {options.Urls}/kv/greeting
          curl -i {options.Urls}/kv/greeting
          curl {options.Urls}/export
        """;

    private static string Silos(CommandLine options) => options.IsNode
        ? $"Silo {options.Local[0]} of the cluster {options.FounderNames} keeps keys in Raft with the others."
        : $"Three silos ({options.FounderNames}, ports from {options.Local[0].Port}) keep keys in Raft.";
}
