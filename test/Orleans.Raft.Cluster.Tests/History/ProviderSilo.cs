using System.Collections.Concurrent;
using System.Diagnostics;
using ClusteringSilo;

namespace Orleans.Raft.Cluster.Tests.History;

/// <summary>A silo as a process, whose grain storage is called line by line.</summary>
internal sealed class ProviderSilo : IStorageTarget, IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);

    private readonly SiloArguments _arguments;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly SemaphoreSlim _writing = new(1);
    private Process? _process;
    private TaskCompletionSource _active = new();

    // What the present process was asked and has not answered.
    private ConcurrentDictionary<long, TaskCompletionSource<ProviderAnswer>> _open = new();
    private long _last;

    public ProviderSilo(SiloArguments arguments) => _arguments = arguments;

    public string Name => _arguments.Name;

    public string Output => $"--- {_arguments.Name}\n{string.Join('\n', _output)}";

    /// <summary>The process has ended by itself.</summary>
    public bool HasEnded => _process is { HasExited: true };

    public async Task StartAsync()
    {
        _active = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var open = _open = new ConcurrentDictionary<long, TaskCompletionSource<ProviderAnswer>>();
        var process = new Process
        {
            StartInfo = new ProcessStartInfo("dotnet", $"\"{typeof(SiloHost).Assembly.Location}\" provider {_arguments}")
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        process.OutputDataReceived += (_, line) => OnLine(open, line.Data);
        process.ErrorDataReceived += (_, line) => OnLine(open, line.Data);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => Lose(open);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _process?.Dispose();
        _process = process;
        await _active.Task.WaitAsync(StartLimit);
    }

    /// <inheritdoc/>
    public async Task<ProviderAnswer> DoAsync(string verb, string key, string? etag, string? text)
    {
        var id = Interlocked.Increment(ref _last);
        var answer = new TaskCompletionSource<ProviderAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _writing.WaitAsync();
        try
        {
            _open[id] = answer;
            if (_process is not { HasExited: false } process || !_active.Task.IsCompletedSuccessfully)
            {
                return new ProviderAnswer("failed", etag, null);
            }

            await process.StandardInput.WriteLineAsync($"{id} {verb} {key} {etag ?? "-"} {text ?? "-"}");
            await process.StandardInput.FlushAsync();
        }
        catch (IOException)
        {
            answer.TrySetResult(new ProviderAnswer("lost", null, null));
        }
        finally
        {
            _writing.Release();
        }

        return await answer.Task;
    }

    /// <summary>SIGKILL; whatever was asked and not answered is lost.</summary>
    public async Task KillAsync()
    {
        await _writing.WaitAsync();
        _process!.Kill();
        await _process.WaitForExitAsync();
        Lose(_open);
        _process.Dispose();
        _process = null;
        _writing.Release();
    }

    /// <summary>SIGSTOP or SIGCONT.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", $"-{signal} {_process!.Id}");
        await kill.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await KillAsync();
        }

        _writing.Dispose();
    }

    private static void Lose(ConcurrentDictionary<long, TaskCompletionSource<ProviderAnswer>> open)
    {
        foreach (var answer in open.Values)
        {
            answer.TrySetResult(new ProviderAnswer("lost", null, null));
        }
    }

    private void OnLine(ConcurrentDictionary<long, TaskCompletionSource<ProviderAnswer>> open, string? line)
    {
        if (line is null)
        {
            return;
        }

        if (!line.StartsWith("> ", StringComparison.Ordinal))
        {
            _output.Enqueue(line);
            return;
        }

        var words = line.Split(' ');
        if (words[1] == "active")
        {
            _active.TrySetResult();
        }
        else if (open.TryRemove(long.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture), out var answer))
        {
            answer.TrySetResult(new ProviderAnswer(words[2], words[3] == "-" ? null : words[3], words[4] == "-" ? null : words[4]));
        }
    }
}
