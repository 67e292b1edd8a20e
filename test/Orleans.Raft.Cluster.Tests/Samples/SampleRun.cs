using Xunit;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text;

namespace Orleans.Raft.Cluster.Tests.Samples;

/// <summary>A sample that runs to its end, or until it is killed, as a process of its own.</summary>
internal sealed class SampleRun : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _awaited;

    private SampleRun(string sample, string arguments, string awaited, string folder = "")
    {
        _awaited = awaited;
        var dll = typeof(SampleRun).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == sample).Value;
        _process = new Process
        {
            StartInfo = new ProcessStartInfo("dotnet", $"\"{dll}\" {arguments}") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder },
            EnableRaisingEvents = true,
        };
        _process.OutputDataReceived += (_, line) => OnLine(line.Data);
        _process.ErrorDataReceived += (_, line) => OnLine(line.Data);
        _process.Exited += (_, _) => _seen.TrySetResult();
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Runs a sample to its end; its output, after checking that it ended well.</summary>
    public static async Task<string> ToEndAsync(string sample, string arguments, string folder = "")
    {
        using var run = new SampleRun(sample, arguments, "\0", folder);
        await run.WaitForExitAsync();
        return run._process.ExitCode == 0 ? run.Output() : throw new InvalidOperationException($"{sample} ended with {run._process.ExitCode}:\n{run.Output()}");
    }

    /// <summary>Runs a sample until a line contains a text, and kills it then.</summary>
    public static async Task KilledAtAsync(string sample, string arguments, string text)
    {
        using var run = new SampleRun(sample, arguments, text);
        await run._seen.Task.WaitAsync(Limit);
        Assert.False(run._process.HasExited, $"{sample} ended before it printed '{text}':\n{run.Output()}");
        run._process.Kill();
        await run.WaitForExitAsync();
    }

    /// <summary>A range of ports that three silos can use.</summary>
    public static int FreePorts()
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var first = Random.Shared.Next(20_000, 32_000);
            if (Enumerable.Range(first, 3).SelectMany(port => new[] { port, port + 100, port + 200 }).All(IsFree))
            {
                return first;
            }
        }

        throw new InvalidOperationException("No free range of ports from 20,000 to 32,202 in 100 tries.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
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

    private string Output()
    {
        lock (_output)
        {
            return _output.ToString();
        }
    }

    private async Task WaitForExitAsync()
    {
        using var timeout = new CancellationTokenSource(Limit);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The sample did not end within {Limit}:\n{Output()}");
        }
    }

    private void OnLine(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_output)
        {
            _output.AppendLine(line);
        }

        if (line.Contains(_awaited, StringComparison.Ordinal))
        {
            _seen.TrySetResult();
        }
    }
}
