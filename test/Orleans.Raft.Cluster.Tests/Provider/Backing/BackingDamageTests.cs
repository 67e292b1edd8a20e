using BackedSilo;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.Raft.Hosting;
using Orleans.Raft.Storage.Provider;
using Orleans.Raft.Storage.Tests.Provider.Contract;
using Orleans.Runtime;
using Orleans.Storage;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Provider.Backing;

/// <summary>Rows of one replica changed in a real database behind its back, on three silos: nobody reads anything wrong, and the rows come back (SAFETY-RULES A5).</summary>
public sealed class BackingDamageTests
{
    private const int Grains = 30;

    private static readonly RaftGroupId Group = new("backed", 0);

    [SkippableTheory]
    [InlineData("redis", "deleted")]
    [InlineData("postgresql", "rolled back")]
    public async Task Rows_that_were_changed_behind_its_back_are_read_elsewhere_and_come_back(string kind, string damage)
    {
        await using var server = await DatabaseServer.StartAsync(kind);
        using var directory = new TemporaryDirectory();
        await using var silos = new SiloSet(3, (orleans, silo) => orleans
            .AddRaft(raft =>
            {
                raft.InitialSilos = SiloSet.Names(3);
                raft.DataDirectory = Path.Combine(directory.Path, $"s{silo + 1}");
            })
            .AddDatabase(server.Kind, server.Connection)
            .AddRaftGrainStorage("backed", options => (options.Groups, options.BackingStorageName) = (1, Databases.Name)));
        await silos.StartAsync(0, 1, 2);
        var states = new GrainState<Cart>[Grains];
        await WriteAsync(silos, states, "old");
        await Until.AsyncTrue(() => RowsAsync(silos, 1), rows => rows.All(row => row.RecordExists));
        var old = await RowsAsync(silos, 1);
        await WriteAsync(silos, states, "new");
        await Until.AsyncTrue(() => RowsAsync(silos, 1), rows => rows.Zip(old).All(pair => pair.First.State!.Version != pair.Second.State!.Version));

        var database = silos[1].GetRequiredKeyedService<IGrainStorage>(Databases.Name);
        var present = await RowsAsync(silos, 1);
        for (var number = 0; number < Grains; number++)
        {
            // Through the same grain storage, which knows nothing of replicas: what an administrator's hand or a backup could do.
            if (damage == "deleted")
            {
                await database.ClearStateAsync("raft", Key(silos, 1, number), present[number]);
            }
            else
            {
                present[number].State = old[number].State;
                await database.WriteStateAsync("raft", Key(silos, 1, number), present[number]);
            }
        }

        for (var number = 0; number < Grains; number++)
        {
            var read = new GrainState<Cart>();
            await silos[1].GetRequiredKeyedService<IGrainStorage>("backed").ReadStateAsync("s", Grain(number), read);
            Assert.Equal($"new {number}", read.State!.Text);
            Assert.Equal(states[number].ETag, read.ETag);
        }

        await Until.AsyncTrue(
            () => RowsAsync(silos, 1), rows => rows.Select((row, number) => row.State?.Version == states[number].ETag).All(isBack => isBack));
    }

    private static async Task WriteAsync(SiloSet silos, GrainState<Cart>[] states, string text)
    {
        for (var number = 0; number < Grains; number++)
        {
            states[number] ??= new GrainState<Cart>();
            states[number].State = new Cart($"{text} {number}");
            await silos[0].GetRequiredKeyedService<IGrainStorage>("backed").WriteStateAsync("s", Grain(number), states[number]);
        }
    }

    private static async Task<GrainState<BackedPayload>[]> RowsAsync(SiloSet silos, int silo)
    {
        var rows = new GrainState<BackedPayload>[Grains];
        for (var number = 0; number < Grains; number++)
        {
            rows[number] = new GrainState<BackedPayload>();
            await silos[silo].GetRequiredKeyedService<IGrainStorage>(Databases.Name).ReadStateAsync("raft", Key(silos, silo, number), rows[number]);
        }

        return rows;
    }

    private static GrainId Grain(int number) => GrainId.Create("cart", $"{number}");

    private static GrainId Key(SiloSet silos, int silo, int number) =>
        BackingRows.KeyOf(Place(silos, silo), Group, RecordKey.Create(Grain(number), "s"));

    private static ReplicaPlace Place(SiloSet silos, int silo) =>
        silos[silo].GetRequiredService<RaftHost>().TryFind(Group, out var runtime) && runtime.Replica is { } replica
            ? replica.Place!
            : throw new RaftUnavailableException($"silo {silo} has no replica of {Group} yet");
}
