using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using System.Threading.Channels;

namespace Orleans.Raft.Cluster.Tests.FirstLight;

/// <summary>The built sample, running as a process of its own on ports and a folder of its own.</summary>
internal sealed class SampleProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan ExitTimeout = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly StringBuilder _output = new();

    private SampleProcess(string arguments, Uri address)
    {
        Client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(60) };
        _process = new Process
        {
            StartInfo = new ProcessStartInfo("dotnet", $"\"{Metadata("KeyValueStore")}\" {arguments}")
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
            EnableRaisingEvents = true,
        };
        _process.OutputDataReceived += (_, line) => OnLine(line.Data);
        _process.ErrorDataReceived += (_, line) => OnLine(line.Data);
        _process.Exited += (_, _) => _lines.Writer.TryComplete();
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The real data that the sample imports.</summary>
    public static string DataFile => Metadata("SampleData");

    /// <summary>Sends requests to the process.</summary>
    public HttpClient Client { get; }

    /// <summary>Everything printed so far.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Starts the sample on a folder and waits until it says that it runs.</summary>
    public static async Task<SampleProcess> StartAsync(string data, string more = "")
    {
        var ports = FreePorts();
        var address = new Uri($"http://127.0.0.1:{ports.Http}");
        var process = new SampleProcess($"--data \"{data}\" --urls {address.GetLeftPart(UriPartial.Authority)} --silo-port {ports.Silo} {more}", address);
        await process.WaitUntilRunningAsync();
        return process;
    }

    /// <summary>Starts one node of a cluster; it need not be ready when this returns.</summary>
    public static SampleProcess StartNode(string arguments, Uri address) => new($"--urls {address.GetLeftPart(UriPartial.Authority)} {arguments}", address);

    /// <summary>Whether the process lives.</summary>
    public bool IsRunning => !_process.HasExited;

    /// <summary>Waits until it says that it runs.</summary>
    public Task WaitUntilRunningAsync() => WaitForLineAsync("curl");

    /// <summary>SIGSTOP: it holds its connections and says nothing.</summary>
    public Task PauseAsync() => SignalAsync("STOP");

    /// <summary>SIGCONT.</summary>
    public Task ContinueAsync() => SignalAsync("CONT");

    /// <summary>Starts the sample with arguments that it refuses; gives exit code and output.</summary>
    public static async Task<(int ExitCode, string Output)> RunToEndAsync(string arguments)
    {
        await using var process = new SampleProcess(arguments, new Uri("http://127.0.0.1:1"));
        await process.WaitForExitAsync();
        return (process._process.ExitCode, process.Output);
    }

    /// <summary>A line that contains the text.</summary>
    public async Task<string> WaitForLineAsync(string text)
    {
        using var timeout = new CancellationTokenSource(StartTimeout);
        try
        {
            await foreach (var line in _lines.Reader.ReadAllAsync(timeout.Token))
            {
                if (line.Contains(text, StringComparison.Ordinal))
                {
                    return line;
                }
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"No line with '{text}' within {StartTimeout}. Output:\n{Output}");
        }

        throw new InvalidOperationException($"The process ended before it printed '{text}'. Output:\n{Output}");
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await WaitForExitAsync();
    }

    /// <summary>SIGTERM, without waiting for its end.</summary>
    public Task BeginStopAsync() => SignalAsync("TERM");

    /// <summary>SIGTERM, and the exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        await SignalAsync("TERM");
        return await WaitForExitCodeAsync();
    }

    /// <summary>Its exit code once it ends by itself.</summary>
    public async Task<int> WaitForExitCodeAsync()
    {
        await WaitForExitAsync();
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await WaitForExitAsync();
        }

        _process.Dispose();
        Client.Dispose();
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", $"-{signal} {_process.Id}");
        await kill.WaitForExitAsync();
    }

    private async Task WaitForExitAsync()
    {
        using var timeout = new CancellationTokenSource(ExitTimeout);
        await _process.WaitForExitAsync(timeout.Token);
    }

    private void OnLine(string? line)
    {
        if (line is not null)
        {
            lock (_output)
            {
                _output.AppendLine(line);
            }

            _lines.Writer.TryWrite(line);
        }
    }

    /// <summary>First of four silo ports, with the ports that follow from them, and first of four HTTP ports.</summary>
    public static (int Silo, int Http) FreePorts()
    {
        for (var attempt = 0; ; attempt++)
        {
            var silo = Random.Shared.Next(20_000, 32_000);
            int[] offsets = [0, 1, 2, 3, 50, 51, 52, 53];
            if (Array.TrueForAll(offsets, offset => IsFree(silo + offset) && IsFree(silo + 100 + offset) && IsFree(silo + 200 + offset)))
            {
                return (silo, silo + 50);
            }

            if (attempt == 100)
            {
                throw new InvalidOperationException("No free range of ports from 20,000 to 32,102 in 100 tries.");
            }
        }
    }

    private static bool IsFree(int port)
    {
        using var probe = new TcpListener(IPAddress.Loopback, port);
        try
        {
            probe.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static string Metadata(string key) =>
        typeof(SampleProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}
