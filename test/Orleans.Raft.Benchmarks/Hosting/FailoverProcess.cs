using System.Diagnostics;
using System.Globalization;

namespace Orleans.Raft.Benchmarks.Hosting;

/// <summary>A silo's process, seen from outside.</summary>
internal sealed class FailoverProcess(string data, int number, int groups, string mode)
{
    private const int FirstPort = 22311;
    private readonly Lock _gate = new();
    private readonly Dictionary<int, long> _leads = [];
    private readonly List<string> _other = [];
    private Process? _process;
    private (int Asleep, int Known) _counts;

    /// <summary>Groups that it leads, as it said.</summary>
    public List<int> Led
    {
        get
        {
            lock (_gate)
            {
                return [.. _leads.Keys];
            }
        }
    }

    /// <summary>True when it knows all leaders, and, where groups sleep, all its replicas do.</summary>
    public bool IsReady
    {
        get
        {
            lock (_gate)
            {
                return _counts.Known == groups && (mode != "sleep" || _counts.Asleep == groups);
            }
        }
    }

    private string Name => $"f{number + 1}";

    /// <summary>Timestamp since which it leads a group; 0 if it doesn't.</summary>
    public long LeadsSince(int group)
    {
        lock (_gate)
        {
            return _leads.GetValueOrDefault(group);
        }
    }

    public void Start()
    {
        var voters = string.Join(',', Enumerable.Range(0, 3).Select(other => $"f{other + 1}=127.0.0.1:{FirstPort + 20 + other}"));
        var process = new Process
        {
            StartInfo = new ProcessStartInfo("dotnet", string.Create(CultureInfo.InvariantCulture, $"\"{typeof(FailoverProcess).Assembly.Location}\" failover silo {Name} {FirstPort + number} {FirstPort + 10 + number} \"{Path.Combine(data, Name)}\" {groups} {mode} {voters}"))
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            },
        };
        process.OutputDataReceived += (_, line) => OnLine(process, line.Data);
        _process = process;
        process.Start();
        process.BeginOutputReadLine();
    }

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        if (_process is not { } process)
        {
            return;
        }

        _process = null;
        process.Kill();
        process.WaitForExit();
        process.Dispose();
        lock (_gate)
        {
            _leads.Clear();
            _counts = default;
        }
    }

    public override string ToString()
    {
        lock (_gate)
        {
            return $"{Name} leads {_leads.Count}, asleep {_counts.Asleep}, leaders known {_counts.Known} {string.Join(' ', _other)}";
        }
    }

    private void OnLine(Process process, string? line)
    {
        var words = line?.Split(' ') ?? [];
        lock (_gate)
        {
            if (_process != process || words.Length == 0)
            {
                return;
            }

            switch (words)
            {
                case [">", "leads", var group, var at]:
                    _leads[Number(group)] = long.Parse(at, CultureInfo.InvariantCulture);
                    break;
                case [">", "ceases", var group, _]:
                    _leads.Remove(Number(group));
                    break;
                case [">", "counts", var asleep, var known]:
                    _counts = (Number(asleep), Number(known));
                    break;
                default:
                    _other.Add(line!);
                    break;
            }
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
