using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Orleans.Raft.Benchmarks.Providers;

/// <summary>A server of Debian's packages on loopback, with its data on the disk that is measured.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    /// <summary>Between two looks at a server that starts.</summary>
    public static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    private ServerProcess(Process process, int port) => (_process, Port) = (process, port);

    /// <summary>Where it answers.</summary>
    public int Port { get; }

    /// <summary>Finds a command; null if its package is not installed.</summary>
    public static string? Find(string command, params string[] folders) => folders
        .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        .Select(folder => Path.Combine(folder, command))
        .FirstOrDefault(File.Exists);

    /// <summary>Starts a server and waits until it takes connections.</summary>
    public static async Task<ServerProcess> StartAsync(int port, string command, params string[] arguments)
    {
        var server = new ServerProcess(Start(command, arguments), port);
        var began = Stopwatch.StartNew();
        using var pace = new PeriodicTimer(Pace);
        while (true)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port);
                return server;
            }
            catch (SocketException) when (began.Elapsed < StartLimit && !server._process.HasExited)
            {
                await pace.WaitForNextTickAsync();
            }
        }
    }

    /// <summary>Runs a command to its end.</summary>
    public static async Task RunAsync(string command, params string[] arguments)
    {
        using var process = Start(command, arguments);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{command} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
        }
    }

    /// <summary>A port that nobody listens on.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static Process Start(string command, string[] arguments)
    {
        var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }
}
