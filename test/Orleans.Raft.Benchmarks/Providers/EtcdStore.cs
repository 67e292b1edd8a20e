using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Orleans.Raft.Benchmarks.Providers;

/// <summary>Three etcd servers on loopback, asked over their HTTP gateway, at the one that leads: what .NET can do without a client library.</summary>
internal sealed class EtcdStore : IStore
{
    private const int Servers = 3;

    private readonly List<ServerProcess> _servers = [];
    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = ProvidersBenchmark.MaxWriters });
    private readonly string[] _keys = [.. Enumerable.Range(0, ProvidersBenchmark.MaxWriters).Select(key => Convert.ToBase64String(BitConverter.GetBytes(key)))];
    private readonly byte[] _value = new byte[ProvidersBenchmark.ValueBytes];
    private Uri _leader = new("http://127.0.0.1");
    private int _count;

    public string Name => "etcd";

    public string Durability => "fsynced by a majority of three servers (asked over HTTP and JSON, no grain)";

    /// <summary>Starts the servers; null if etcd is not installed.</summary>
    public static async Task<EtcdStore?> StartAsync(string data)
    {
        if (ServerProcess.Find("etcd") is not { } command)
        {
            return null;
        }

        var store = new EtcdStore();
        var ports = Enumerable.Range(0, 2 * Servers).Select(_ => ServerProcess.FreePort()).ToArray();
        string Client(int server) => $"http://127.0.0.1:{ports[server]}";
        string Peer(int server) => $"http://127.0.0.1:{ports[Servers + server]}";
        var cluster = string.Join(',', Enumerable.Range(0, Servers).Select(server => $"e{server}={Peer(server)}"));
        store._servers.AddRange(await Task.WhenAll(Enumerable.Range(0, Servers).Select(server => ServerProcess.StartAsync(
            ports[server],
            command,
            "--name", $"e{server}", "--data-dir", Path.Combine(data, $"e{server}"), "--logger", "zap", "--log-level", "error",
            "--listen-client-urls", Client(server), "--advertise-client-urls", Client(server),
            "--listen-peer-urls", Peer(server), "--initial-advertise-peer-urls", Peer(server),
            "--initial-cluster", cluster, "--initial-cluster-state", "new"))));
        await store.FindLeaderAsync([.. Enumerable.Range(0, Servers).Select(Client)]);
        return store;
    }

    public async Task WriteAsync(int writer)
    {
        var value = (byte[])_value.Clone();
        BitConverter.TryWriteBytes(value, Interlocked.Increment(ref _count));
        using var response = await _http.PostAsJsonAsync(new Uri(_leader, "/v3/kv/put"), new { key = _keys[writer], value = Convert.ToBase64String(value) });
        response.EnsureSuccessStatusCode();
        await response.Content.ReadAsByteArrayAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    private async Task FindLeaderAsync(string[] addresses)
    {
        using var pace = new PeriodicTimer(ServerProcess.Pace);
        for (var attempt = 1; ; attempt++)
        {
            foreach (var address in addresses)
            {
                using var response = await _http.PostAsJsonAsync(new Uri($"{address}/v3/maintenance/status"), new { });
                var status = JsonNode.Parse(await response.Content.ReadAsStringAsync());
                if (response.IsSuccessStatusCode && status?["leader"] is { } leader && $"{leader}" == $"{status["header"]?["member_id"]}")
                {
                    _leader = new Uri(address);
                    return;
                }
            }

            if (attempt == 100)
            {
                throw new InvalidOperationException("No etcd server leads.");
            }

            await pace.WaitForNextTickAsync();
        }
    }
}
