using System.Buffers;
using System.Net;
using DotNext.IO;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;

namespace Orleans.Raft.Benchmarks.Providers;

/// <summary>Three nodes of DotNext.Net.Cluster in this process, over TCP, with its persistent log; the leader is asked directly.</summary>
internal sealed class DotNextStore : IStore
{
    private const int Nodes = 3;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly List<RaftCluster> _clusters = [];
    private readonly List<WriteAheadLog> _logs = [];

    public string Name => "dotnext";

    public string Durability => "flushed to the files of a majority of three nodes by its write-ahead log (called directly, no grain)";

    public static async Task<DotNextStore> StartAsync(string data)
    {
        var store = new DotNextStore();
        var addresses = Enumerable.Range(0, Nodes).Select(_ => new IPEndPoint(IPAddress.Loopback, ServerProcess.FreePort())).ToArray();
        for (var node = 0; node < Nodes; node++)
        {
            var folder = Directory.CreateDirectory(Path.Combine(data, $"d{node}")).FullName;
            var log = new WriteAheadLog(new WriteAheadLog.Options { Location = Path.Combine(folder, "log") }, new LastValue(new DirectoryInfo(Path.Combine(folder, "state"))));
            var cluster = new RaftCluster(new RaftCluster.TcpConfiguration(addresses[node])
            {
                ColdStart = node == 0,

                // None of ours: its own, in memory; the members are added below.
                ConfigurationStorage = null,
                LowerElectionTimeout = 1000,
                UpperElectionTimeout = 2000,
                RequestTimeout = TimeSpan.FromSeconds(1),
                TransmissionBlockSize = 64 * 1024,
            })
            {
                AuditTrail = log,
            };
            store._logs.Add(log);
            store._clusters.Add(cluster);
        }

        using var limit = new CancellationTokenSource(StartLimit);
        await Task.WhenAll(store._clusters.Select(cluster => cluster.StartAsync(limit.Token)));
        await store._clusters[0].WaitForLeaderAsync(StartLimit, limit.Token);
        foreach (var address in addresses.Skip(1))
        {
            await store._clusters[0].AddMemberAsync(address, limit.Token);
        }

        return store;
    }

    public async Task WriteAsync(int writer)
    {
        var value = new byte[ProvidersBenchmark.ValueBytes];
        BitConverter.TryWriteBytes(value, writer);
        await _clusters[0].ReplicateAsync(value);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var cluster in _clusters)
        {
            await cluster.StopAsync();
            cluster.Dispose();
        }

        foreach (var log in _logs)
        {
            await log.DisposeAsync();
        }
    }

    /// <summary>Keeps the last value of each writer; makes no snapshots, since none is needed in seconds.</summary>
    private sealed class LastValue(DirectoryInfo location) : SimpleStateMachine(location)
    {
        private readonly byte[][] _values = [.. Enumerable.Range(0, ProvidersBenchmark.MaxWriters).Select(_ => new byte[ProvidersBenchmark.ValueBytes])];

        protected override ValueTask<bool> ApplyAsync(LogEntry entry, CancellationToken token)
        {
            if (entry.TryGetPayload(out var payload) && payload.Length == ProvidersBenchmark.ValueBytes)
            {
                Span<byte> value = stackalloc byte[ProvidersBenchmark.ValueBytes];
                payload.CopyTo(value);
                value.CopyTo(_values[BitConverter.ToInt32(value)]);
            }

            return ValueTask.FromResult(false);
        }

        protected override ValueTask RestoreAsync(FileInfo snapshotFile, CancellationToken token) => ValueTask.CompletedTask;

        protected override ValueTask PersistAsync(IAsyncBinaryWriter writer, CancellationToken token) => writer.Invoke(_values[0].AsMemory(), token);
    }
}
