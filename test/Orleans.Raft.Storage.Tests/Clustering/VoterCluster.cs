using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Orleans.Raft.Storage.Clustering;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Clustering;

/// <summary>Voters of one cluster in this process, over real connections, without silos around them.</summary>
internal sealed class VoterCluster : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<int, byte> GivenPorts = new();

    private readonly ConcurrentDictionary<string, ClusteringNode> _nodes = new();
    private readonly Dictionary<string, string> _voters;

    public VoterCluster(int voters) => _voters = Enumerable.Range(1, voters).ToDictionary(static i => $"s{i}", static _ => $"127.0.0.1:{FreePort()}");

    public LogLines Log { get; } = new();

    public KeptStores Stores { get; } = new();

    public string Secret { get; set; } = "secret";

    /// <summary>TLS of all nodes that start from now on.</summary>
    public SslServerAuthenticationOptions? ServerTls { get; set; }

    public SslClientAuthenticationOptions? ClientTls { get; set; }

    /// <summary>Time between ticks of all nodes that start from now on.</summary>
    public TimeSpan Tick { get; set; } = TimeSpan.FromMilliseconds(50);

    public int ElectionTicks { get; set; } = 20;

    public TimeProvider Time { get; set; } = TimeProvider.System;

    public IEnumerable<string> Names => _voters.Keys.Order();

    public ClusteringNode this[string name] => _nodes[name];

    public ClusteringNode Leader => _nodes.Values.First(static node => node.Voter is { Latest.IsLeader: true, Trouble: "" });

    /// <summary>A port that is free and was given to nobody before, outside of the range from which the system takes ports for outgoing connections.</summary>
    public static int FreePort()
    {
        while (true)
        {
            // Clusters of other tests run beside this one, and listen a while after they were given a port.
            var port = Random.Shared.Next(20_000, 32_000);
            if (!GivenPorts.TryAdd(port, 0))
            {
                continue;
            }

            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Taken: another one.
            }
        }
    }

    public ClusteringNodeSettings Settings(string name, IReadOnlyDictionary<string, string>? voters = null) => new()
    {
        Voter = new VoterSettings
        {
            Name = name,
            Cluster = "test",
            Voters = VoterSettings.Sorted(voters ?? _voters),
            Tick = Tick,
            ElectionTicks = ElectionTicks,
            AlivePeriod = TimeSpan.FromMilliseconds(200),
            SnapshotEntries = 40,
            TailEntries = 10,
        },
        IsSilo = name.StartsWith('s'),
        Listen = _voters.TryGetValue(name, out var address) ? IPEndPoint.Parse(address) : null,
        Secret = Secret,
        OperationTimeout = TimeSpan.FromSeconds(30),
        ServerTls = ServerTls,
        ClientTls = ClientTls,
    };

    public async Task<ClusteringNode> StartAsync(string name, IReadOnlyDictionary<string, string>? voters = null)
    {
        var node = new ClusteringNode(Settings(name, voters), Stores, Time, Log);
        Assert.True(_nodes.TryAdd(name, node), $"{name} runs already");
        await node.StartAsync(CancellationToken.None);
        return node;
    }

    public Task StartAllAsync() => Task.WhenAll(Names.Select(name => StartAsync(name)));

    public async Task StopAsync(string name)
    {
        Assert.True(_nodes.TryRemove(name, out var node));
        await node.DisposeAsync();
    }

    /// <summary>A node that does not vote.</summary>
    public async Task<ClusteringNode> ClientAsync(string name = "client", IReadOnlyDictionary<string, string>? voters = null) => await StartAsync(name, voters);

    /// <summary>One more that can be a voter.</summary>
    public void Add(string name) => _voters.Add(name, $"127.0.0.1:{FreePort()}");

    /// <summary>The address moves: all nodes that start from now on find it there.</summary>
    public void Move(string name) => _voters[name] = $"127.0.0.1:{FreePort()}";

    public string AddressOf(string name) => _voters[name];

    /// <summary>The address of a voter, or one where nobody is.</summary>
    public string AddressOrNowhere(string name) => _voters.GetValueOrDefault(name, "127.0.0.1:9");

    public int PortOf(string name) => IPEndPoint.Parse(_voters[name]).Port;

    public RaftMembershipTable Table(string node, string ownSilo = "") =>
        new(this[node], ownSilo, new Microsoft.Extensions.Logging.Logger<RaftMembershipTable>(Log));

    public async ValueTask DisposeAsync()
    {
        foreach (var name in _nodes.Keys)
        {
            await StopAsync(name);
        }
    }
}
