using System.Diagnostics;
using System.Globalization;

namespace Orleans.Raft.Cluster.Tests.Provider.Backing;

/// <summary>The program BackedSilo, and what it may leave when it is killed.</summary>
internal sealed class BackedSiloProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _changes;
    private readonly List<string> _other = [];
    private int _done;

    public BackedSiloProcess(string directory, DatabaseServer server, int keys, int changes)
    {
        _changes = changes;
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(
                "dotnet", $"\"{typeof(global::BackedSilo.Databases).Assembly.Location}\" {directory} {server.Kind} \"{server.Connection}\" 4 {keys}")
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
            EnableRaisingEvents = true,
        };
        _process.OutputDataReceived += (_, line) => OnLine(line.Data);
        _process.ErrorDataReceived += (_, line) => OnLine(line.Data);
        _process.Exited += (_, _) =>
        {
            _process.WaitForExit();
            var ended = new InvalidOperationException($"The silo has ended:\n{string.Join('\n', _other)}");
            _ready.TrySetException(ended);
            _written.TrySetException(ended);
        };
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>States as read at the start.</summary>
    public Dictionary<int, int> Read { get; } = [];

    /// <summary>What each key may hold: what was acknowledged last, and what was tried since.</summary>
    public Dictionary<int, List<int>> Possible { get; } = [];

    /// <summary>Waits until it has read everything and written for a while, and kills it in the middle.</summary>
    public async Task RunAndKillAsync()
    {
        await _ready.Task.WaitAsync(TimeSpan.FromSeconds(90));
        await _written.Task.WaitAsync(TimeSpan.FromSeconds(90));
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void OnLine(string? line)
    {
        if (line is null || !line.StartsWith("> ", StringComparison.Ordinal))
        {
            if (_other.Count < 200)
            {
                _other.Add(line ?? "");
            }

            return;
        }

        var words = line.Split(' ');
        if (words[1] == "ready")
        {
            _ready.TrySetResult();
            return;
        }

        var (key, number) = (int.Parse(words[2], CultureInfo.InvariantCulture), int.Parse(words[3], CultureInfo.InvariantCulture));
        switch (words[1])
        {
            case "state":
                Read[key] = number;
                Possible[key] = [number];
                break;
            case "try":
                Possible[key].Add(number);
                break;
            default:
                Possible[key] = [number];
                if (++_done == _changes)
                {
                    _written.TrySetResult();
                }

                break;
        }
    }
}
