using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Management;

public sealed class MembershipTests
{
    [Fact]
    public async Task A_new_silo_takes_over_replicas_serves_them_and_gives_them_back()
    {
        await using var silos = new SiloSet(4, (orleans, _) => orleans
            .AddRaft(options =>
            {
                options.InitialSilos = SiloSet.Names(3);
                options.InMemory = true;
                options.CompactionEntries = 20;
                options.CompactionTailEntries = 5;
            })
            .AddRaftGroup<KeyValueMachine>(SiloSet.Family, options => options.Groups = 4));
        await silos.StartAsync(0, 1, 2);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => SiloSet.SetAsync(silos.Group(i % 3, i % 4), $"k{i}", $"v{i}")));
        await Assert.ThrowsAsync<RaftException>(() => silos.Group(0).AddReplicaAsync("s4", null, CancellationToken.None));

        // A machine that no genesis knows finds its way, and is a client before it holds anything.
        await silos.StartAsync(3);
        Assert.Equal("v0", await SiloSet.GetAsync(silos.Group(3), "k0"));
        await Until.AsyncTrue(silos.Management(3).GetSilosAsync, known => known.Length == 4 && known.All(silo => silo.Waits.Length == 0));

        // One by one: added, put in another's place, removed. What leaves under load is not missed.
        var seen = new List<string>();
        await Until.AsyncTrue(
            async () =>
            {
                // Refused, with nothing changed, while the silo that is asked has not heard of the newcomer.
                await silos.Group(1, 0).AddReplicaAsync("s4", new Recorder(seen), CancellationToken.None);
                return true;
            },
            isAdded => isAdded);
        Assert.Equal(["1@s1", "2@s2", "3@s3", "4@s4"], await ReplicasAsync(silos, 0));
        Assert.NotEmpty(seen);
        await silos.Group(0, 0).RemoveReplicaAsync("s1", null, CancellationToken.None);
        Assert.Equal(["2@s2", "3@s3", "4@s4"], await ReplicasAsync(silos, 0));
        await silos.Group(3, 0).ReplaceReplicaAsync("s2", "s1", null, CancellationToken.None);
        Assert.Equal(["3@s3", "4@s4", "5@s1"], await ReplicasAsync(silos, 0));
        await silos.Group(0, 0).TransferLeadershipAsync("s4", CancellationToken.None);
        Assert.Equal("v4", await SiloSet.SetAsync(silos.Group(1, 0), "k4", "later"));

        // All of a silo: its share of the family is three of twelve, and it has one already.
        // It is carried out by whoever leads, even where the silo's own client has lost sight of the leader, as it does when one answer is late.
        LoseSightOfLeaders(silos);
        Assert.Equal(2, await silos.Management(1).AddSiloAsync("s4"));
        await WholeAsync(silos);
        var writes = Task.WhenAll(Enumerable.Range(0, 50).Select(i => SiloSet.SetAsync(silos.Group(i % 4, 0), $"k{4 * i}", $"v{4 * i}")));
        var checksums = await silos.Management(2).GetChecksumsAsync(SiloSet.Family, 0);
        await writes;
        Assert.Equal((3, 1), (checksums.Length, checksums.Select(checksum => (checksum.Applied, checksum.Sha256, checksum.Error)).Distinct().Count()));
        Assert.NotNull(checksums[0].Sha256);
        await Until.AsyncTrue(
            async () =>
            {
                // Refused, with nothing changed, while a replica that moved before is still leaving.
                await silos.Management(0).RemoveSiloAsync("s3");
                return true;
            },
            isWished => isWished);
        await Until.AsyncTrue(() => LoadAsync(silos, "s3"), load => load == 0);
        await WholeAsync(silos);
        await silos.StopAsync(2);
        for (var i = 0; i < 200; i++)
        {
            Assert.Equal($"v{i}", await SiloSet.GetAsync(silos.Group(i % 2, i % 4), $"k{i}"));
        }
    }

    private static void LoseSightOfLeaders(SiloSet silos)
    {
        foreach (var (silo, index) in silos.Running.SelectMany(silo => Enumerable.Range(0, 4).Select(index => (silo, index))))
        {
            Assert.True(silos[silo].GetRequiredService<RaftHost>().TryFind(new RaftGroupId(SiloSet.Family, index), out var runtime));
            IGroupClientPort client = runtime.Client;
            client.OnRefused(runtime.Client.Leader, RefusalKind.NotLeader, ReplicaId.None, 0, RefusedCommands.None);
            Assert.True(runtime.Client.Leader.IsNone);
        }
    }

    private static async Task<int> LoadAsync(SiloSet silos, string name) => (await silos.Management(0).GetSilosAsync()).Single(silo => silo.Silo == name).Replicas;

    private static async Task WholeAsync(SiloSet silos) =>
        await Until.AsyncTrue(silos.Management(0).GetGroupsAsync, groups => groups.All(group => group.IsWhole && group.Replicas.Length == 3));

    private static async Task<IEnumerable<string>> ReplicasAsync(SiloSet silos, int index)
    {
        var status = await Until.AsyncTrue(() => silos.Group(0, index).GetStatusAsync(CancellationToken.None), status => status.IsWhole);
        return status.Replicas.Select(replica => $"{replica.Replica}@{replica.Silo}");
    }

    private sealed class Recorder(List<string> seen) : IProgress<RaftGroupStatus>
    {
        public void Report(RaftGroupStatus value) => seen.Add(value.Describe());
    }
}
