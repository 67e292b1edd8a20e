namespace Orleans.Raft.Cluster.Tests.FirstLight;

/// <summary>The sample as one process per node, on this machine.</summary>
internal sealed class NodeSet : IAsyncDisposable
{
    private readonly string _data;
    private (int Silo, int Http) _ports = SampleProcess.FreePorts();
    private readonly SampleProcess?[] _processes = new SampleProcess?[4];

    /// <summary>Nodes that keep their data under a folder.</summary>
    public NodeSet(string data) => _data = data;

    /// <summary>The founders as the command line wants them.</summary>
    public string Founders => string.Join(',', Enumerable.Range(0, 3).Select(node => $"n{node + 1}=127.0.0.1:{_ports.Silo + node}"));

    /// <summary>The node that is none of the founders.</summary>
    public string Fourth => $"n4=127.0.0.1:{_ports.Silo + 3}";

    /// <summary>A node that was started.</summary>
    public SampleProcess this[int node] => _processes[node] ?? throw new InvalidOperationException($"n{node + 1} was not started");

    /// <summary>Where a node answers requests.</summary>
    public Uri AddressOf(int node) => new($"http://127.0.0.1:{_ports.Http + node}");

    /// <summary>Starts the three founders and waits until all run.</summary>
    public async Task StartAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            for (var node = 0; node < 3; node++)
            {
                Start(node);
            }

            try
            {
                await Task.WhenAll(Enumerable.Range(0, 3).Select(node => this[node].WaitUntilRunningAsync()));
                return;
            }
            catch (InvalidOperationException exception) when (attempt < 3 && exception.Message.Contains("in use", StringComparison.Ordinal))
            {
                // Others on this machine look for free ports, too.
                await DisposeAsync();
                _ports = SampleProcess.FreePorts();
            }
        }
    }

    /// <summary>Starts a founder without waiting for it.</summary>
    public SampleProcess Start(int node) => StartWith(node, $"--node n{node + 1} --cluster {Founders}");

    /// <summary>Starts the fourth node, which is none of the founders.</summary>
    public SampleProcess Join() => StartWith(3, $"--join --node {Fourth} --cluster {Founders}");

    /// <summary>Starts a node with other options than its own.</summary>
    public SampleProcess StartWith(int node, string options) =>
        _processes[node] = SampleProcess.StartNode($"{options} --data \"{_data}\"", AddressOf(node));

    /// <summary>The processes' output, for a failed test.</summary>
    public string Describe() => string.Join('\n', _processes.OfType<SampleProcess>().Select(process => $"--- {process.Client.BaseAddress}\n{process.Output}"));

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes.OfType<SampleProcess>())
        {
            await process.DisposeAsync();
        }
    }
}
