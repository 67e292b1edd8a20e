using System.Diagnostics;
using System.Text;
using ClusteringSilo;

namespace Orleans.Raft.Cluster.Tests.Clustering;

/// <summary>A silo as a process of its own.</summary>
internal sealed class SiloProcess : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly Lock _lock = new();
    private readonly StringBuilder _output = new();
    private readonly List<string> _lines = [];
    private int _read;

    public SiloProcess(SiloArguments arguments)
        : this(arguments.Name, arguments.ToString())
    {
    }

    public SiloProcess(string name, string arguments)
    {
        Name = name;
        _process = new Process
        {
            StartInfo = new ProcessStartInfo("dotnet", $"\"{typeof(SiloHost).Assembly.Location}\" {arguments}")
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        _process.OutputDataReceived += (_, line) => OnLine(line.Data);
        _process.ErrorDataReceived += (_, line) => OnLine(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Name { get; }

    public bool HasExited => _process.HasExited;

    public bool WasKilled { get; private set; }

    public string Output
    {
        get
        {
            lock (_lock)
            {
                return _output.ToString();
            }
        }
    }

    public Task<string> WaitUntilActiveAsync() => WaitForAsync(static line => line.StartsWith("active ", StringComparison.Ordinal));

    /// <summary>Calls a grain from this silo, and says on which one it lives.</summary>
    public async Task<string> CallAsync(string key)
    {
        await _process.StandardInput.WriteLineAsync($"call {key}");
        await _process.StandardInput.FlushAsync();
        return (await WaitForAsync(static line => line.StartsWith("answer ", StringComparison.Ordinal)))["answer ".Length..];
    }

    /// <summary>The next line for which it holds; lines before it are passed over.</summary>
    public async Task<string> WaitForAsync(Func<string, bool> isSo)
    {
        var watch = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            lock (_lock)
            {
                for (; _read < _lines.Count; _read++)
                {
                    if (isSo(_lines[_read]))
                    {
                        return _lines[_read++];
                    }
                }
            }

            if (watch.Elapsed > Limit || _process.HasExited)
            {
                throw new TimeoutException($"{Name} has not printed what was waited for ({(_process.HasExited ? "it has ended" : "it runs")}). Output:\n{Output}");
            }

            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        WasKilled = true;
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGSTOP: it hangs as it is, with its connections open.</summary>
    public Task PauseAsync() => SignalAsync("STOP");

    /// <summary>SIGCONT: it goes on as if no time had passed.</summary>
    public Task ResumeAsync() => SignalAsync("CONT");

    /// <summary>Ends it in order, and says how long that took.</summary>
    public async Task<TimeSpan> StopAsync()
    {
        var watch = Stopwatch.StartNew();
        _process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Limit);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode == 0 ? watch.Elapsed : throw new InvalidOperationException($"{Name} ended with {_process.ExitCode}. Output:\n{Output}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", $"-{signal} {_process.Id}");
        await kill.WaitForExitAsync();
    }

    private void OnLine(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_lock)
        {
            _output.AppendLine(line);
            if (line.StartsWith("> ", StringComparison.Ordinal))
            {
                _lines.Add(line[2..]);
            }
        }
    }
}
