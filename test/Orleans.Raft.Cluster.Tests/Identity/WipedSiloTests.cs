using System.Collections.Concurrent;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Identity;

public sealed class WipedSiloTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_wiped_silo_is_given_new_replicas_while_writes_go_on_and_holds_every_acknowledged_write()
    {
        await using var silos = NewSilos();
        await silos.StartAsync(0, 1, 2);
        var acknowledged = new ConcurrentDictionary<string, string>();
        using var enough = new CancellationTokenSource();
        var writing = WriteAsync(silos.Group(0), acknowledged, enough.Token);
        await Until.AsyncTrue(() => Task.FromResult(acknowledged.Count), count => count > 100);

        await silos.StopAsync(2);
        Wipe("s3");
        await silos.StartAsync(2);
        foreach (var index in (int[])[0, 1])
        {
            var status = await Until.AsyncTrue(() => silos.Group(0, index).GetStatusAsync(CancellationToken.None), status => status.IsWhole && status.Replicas.Length == 3);
            Assert.Equal(["1@s1", "2@s2", "4@s3"], status.Replicas.Select(replica => $"{replica.Replica}@{replica.Silo}"));
        }

        await Until.AsyncTrue(
            async () => (await silos.MetaStatusAsync(0)).Replicas, replicas => replicas.Length == 3 && replicas.All(replica => replica.Role is RaftReplicaRole.Leader or RaftReplicaRole.Follower));
        await enough.CancelAsync();
        await writing;

        // The new replica makes a majority with one of the old ones.
        await silos.StopAsync(1);
        foreach (var (key, value) in acknowledged)
        {
            Assert.Equal(value, await SiloSet.GetAsync(silos.Group(2), key));
        }

        // And after a restart it is what it was.
        await silos.StopAsync(2);
        await silos.StartAsync(2);
        Assert.Equal(acknowledged["k0"], await SiloSet.GetAsync(silos.Group(2), "k0"));
    }

    private SiloSet NewSilos() => new(3, (orleans, silo) => orleans
        .AddRaft(options =>
        {
            options.InitialSilos = SiloSet.Names(3);
            options.DataDirectory = Path.Combine(_directory.Path, $"s{silo + 1}");
            options.ReplacementDelay = TimeSpan.FromMilliseconds(500);
            options.CompactionEntries = 50;
            options.CompactionTailEntries = 10;
        })
        .AddRaftEngine()
        .AddRaftGroup<KeyValueMachine>(SiloSet.Family, options => options.Groups = 2));

    private void Wipe(string silo) => Directory.Delete(Path.Combine(_directory.Path, silo), recursive: true);

    private static async Task WriteAsync(IRaftGroup group, ConcurrentDictionary<string, string> acknowledged, CancellationToken enough)
    {
        for (var i = 0; !enough.IsCancellationRequested; i++)
        {
            var (key, value) = ($"k{i % 500}", $"v{i}");
            try
            {
                await SiloSet.SetAsync(group, key, value);
                acknowledged[key] = value;
            }
            catch (OrleansException)
            {
                // Whether it was done is unknown or it was not: the key is left out.
                acknowledged.TryRemove(key, out _);
            }
        }
    }
}
