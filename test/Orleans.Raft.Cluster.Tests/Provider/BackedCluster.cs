using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.Raft.Hosting;
using Orleans.Raft.Storage.Provider;
using Orleans.Raft.Storage.Tests.Provider;
using Orleans.Raft.Storage.Tests.Provider.Contract;
using Orleans.Runtime;
using Orleans.Storage;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Provider;

/// <summary>Three silos; each has a backing storage of its own, which can be made to hang, to fail and to forget.</summary>
public sealed class BackedCluster : IAsyncLifetime
{
    /// <summary>Provider with one group, whose payloads are in the backing storages.</summary>
    public const string Backed = "backed";

    /// <summary>Provider with three groups of two replicas each, so that no silo has them all.</summary>
    public const string Plain = "plain";

    private readonly TemporaryDirectory _directory = new();
    private readonly FakeBacking[] _backings = [new(), new(), new()];

    public BackedCluster() => Silos = new SiloSet(3, (orleans, silo) =>
    {
        orleans.Services.AddKeyedSingleton<IGrainStorage>("fake", _backings[silo]);
        orleans
            .AddRaft(raft =>
            {
                raft.InitialSilos = SiloSet.Names(3);
                raft.DataDirectory = Path.Combine(_directory.Path, $"s{silo + 1}");
                (raft.CompactionEntries, raft.CompactionTailEntries) = (50, 10);
            })
            .AddMemoryGrainStorage("memory")
            .AddRaftGrainStorage("copy", options => options.Groups = 2)
            .AddRaftGrainStorage(Plain, options => (options.Groups, options.ReplicationFactor) = (3, 2))
            .AddRaftGrainStorage(Backed, options => (options.Groups, options.BackingStorageName) = (1, "fake"));
    });

    public SiloSet Silos { get; }

    internal static RaftGroupId Group { get; } = new(Backed, 0);

    public static GrainId Grain(string kind, int number) => GrainId.Create(kind, $"{number:d4}");

    public IGrainStorage Storage(int silo, string provider = Backed) => Silos[silo].GetRequiredKeyedService<IGrainStorage>(provider);

    public IRaftStorageCatalog Catalog(int silo, string provider) => Silos[silo].GetRequiredKeyedService<IRaftStorageCatalog>(provider);

    internal FakeBacking Backing(int silo) => _backings[silo];

    internal GroupRuntime Runtime(int silo) => Silos[silo].GetRequiredService<RaftHost>().TryFind(Group, out var runtime)
        ? runtime
        : throw new RaftUnavailableException($"silo {silo} does not know {Group} yet");

    internal Replica Replica(int silo) => Runtime(silo).Replica ?? throw new RaftUnavailableException($"silo {silo} has no replica of {Group} yet");

    /// <summary>Silos whose replica of the group takes itself for the leader.</summary>
    public IReadOnlyList<int> Leaders() => [.. Enumerable.Range(0, 3).Where(silo => Replica(silo).IsLeader)];

    /// <summary>Silo of the group's leader.</summary>
    public async Task<int> LeaderAsync() => (await Until.AsyncTrue(() => Task.FromResult(Leaders()), leaders => leaders.Count == 1))[0];

    /// <summary>Writes a state until that has succeeded for certain.</summary>
    public async Task WriteAsync(int silo, string kind, int number, GrainState<Cart> state, string text)
    {
        state.State = new Cart(text);
        await Until.AsyncTrue(
            async () =>
            {
                await Storage(silo).WriteStateAsync("s", Grain(kind, number), state);
                return true;
            },
            isWritten => isWritten);
    }

    public async Task<string?> ReadAsync(int silo, string kind, int number)
    {
        var state = new GrainState<Cart>();
        await Storage(silo).ReadStateAsync("s", Grain(kind, number), state);
        return state.RecordExists ? state.State!.Text : null;
    }

    /// <summary>The row of a state in a silo's backing storage, under the silo's present generation.</summary>
    internal string? RowVersion(int silo, string kind, int number)
    {
        var key = BackingRows.KeyOf(Replica(silo).Place!, Group, RecordKey.Create(Grain(kind, number), "s"));
        return _backings[silo].Rows.TryGetValue(key, out var row) ? ((BackedPayload)row.State).Version : null;
    }

    public Task InitializeAsync() => Silos.StartAsync(0, 1, 2);

    public async Task DisposeAsync()
    {
        await Silos.DisposeAsync();
        _directory.Dispose();
    }
}

/// <summary>The silos start once for all tests that use them.</summary>
[CollectionDefinition(nameof(BackedCluster))]
public sealed class BackedClusterCollection : ICollectionFixture<BackedCluster>
{
}
