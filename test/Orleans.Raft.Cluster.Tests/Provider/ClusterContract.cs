using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Raft.Hosting;
using Orleans.Raft.Storage.Provider;
using Orleans.Runtime;
using Orleans.Raft.Storage.Tests.Provider.Contract;
using Orleans.Storage;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Cluster.Tests.Provider;

/// <summary>Three silos with disks, on which several providers live side by side.</summary>
public sealed class ProvidersFixture : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("providers-").FullName;
    private SiloSet? _silos;
    private int _turn;

    /// <summary>A provider, seen from each silo in turn.</summary>
    public IGrainStorage Storage(string name) => _silos![Interlocked.Increment(ref _turn) % 3].GetRequiredKeyedService<IGrainStorage>(name);

    /// <summary>What a silo holds of a group.</summary>
    internal Replica? Replica(int silo, RaftGroupId group) =>
        _silos![silo].GetRequiredService<RaftHost>().TryFind(group, out var runtime) ? runtime.Replica : null;

    /// <summary>Silo of the leader of a default provider's grain state.</summary>
    public async Task<string?> LeaderOfAsync(GrainId grain, string stateName)
    {
        var silo = _silos![0];
        var router = new GroupRouter(
            silo.GetRequiredService<IOptions<ClusterOptions>>().Value.ServiceId, "Default", silo.GetRequiredService<IRaftGroupFactory>());
        var group = (await router.LocateAsync(grain, stateName, CancellationToken.None)).Group.Id;
        silo.GetRequiredService<RaftHost>().TryFind(group, out var runtime);
        return runtime.Descriptor.SiloOf(runtime.Client.Leader);
    }

    /// <summary>Enumerates a provider's states.</summary>
    public IRaftStorageCatalog Catalog(string name) => _silos![0].GetRequiredKeyedService<IRaftStorageCatalog>(name);

    /// <summary>Calls grains, by way of each silo in turn.</summary>
    public IGrainFactory Grains() => Client();

    /// <summary>A client of each silo in turn.</summary>
    public IClusterClient Client() => _silos![Interlocked.Increment(ref _turn) % 3].GetRequiredService<IClusterClient>();

    public async Task InitializeAsync()
    {
        _silos = new SiloSet(3, (orleans, silo) => orleans
            .AddRaft(raft =>
            {
                raft.InitialSilos = SiloSet.Names(3);
                raft.DataDirectory = Path.Combine(_data, $"s{silo + 1}");

                // So that logs are cut again and again while the contract is tested.
                (raft.CompactionEntries, raft.CompactionTailEntries) = (200, 20);
            })
            .AddRaftGrainStorageAsDefault()
            .AddRaftGrainStorage("deleting", options => (options.DeleteStateOnClear, options.Groups) = (true, 3))
            .AddRaftGrainStorage("backed", options => (options.Groups, options.BackingStorageName) = (2, "memory"))
            .AddRaftGrainStorage("single", options => options.Groups = 1)
            .AddRaftGrainStorage("PubSubStore", options => options.Groups = 2)
            .AddMemoryGrainStorage("memory")
            .AddMemoryStreams("streams")
            .AddStateStorageBasedLogConsistencyProvider("StateStorage")
            .UseTransactions());
        await _silos.StartAsync(0, 1, 2);
    }

    public async Task DisposeAsync()
    {
        await _silos!.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }
}

/// <summary>The contract on a real cluster, every call through another silo.</summary>
public sealed class RaftClusterContract(ProvidersFixture fixture, ITestOutputHelper output)
    : GrainStorageContract(output), IClassFixture<ProvidersFixture>
{
    protected override (int Sequences, int Steps) Generated => (40, 60);

    protected override Task<IGrainStorage> StorageAsync() => Task.FromResult(fixture.Storage("Default"));
}

/// <summary>With clears that forget.</summary>
public sealed class RaftClusterDeletingContract(ProvidersFixture fixture, ITestOutputHelper output)
    : GrainStorageContract(output), IClassFixture<ProvidersFixture>
{
    protected override bool ClearRemovesTheRecord => true;

    protected override (int Sequences, int Steps) Generated => (40, 60);

    protected override Task<IGrainStorage> StorageAsync() => Task.FromResult(fixture.Storage("deleting"));
}

/// <summary>With the payloads in another grain storage.</summary>
public sealed class RaftClusterBackedContract(ProvidersFixture fixture, ITestOutputHelper output)
    : GrainStorageContract(output), IClassFixture<ProvidersFixture>
{
    protected override (int Sequences, int Steps) Generated => (20, 40);

    protected override Task<IGrainStorage> StorageAsync() => Task.FromResult(fixture.Storage("backed"));
}

/// <summary>Orleans' own memory provider: the suite asks for nothing that it does not do, but for its two known liberties.</summary>
public sealed class MemoryClusterContract(ProvidersFixture fixture, ITestOutputHelper output)
    : GrainStorageContract(output), IClassFixture<ProvidersFixture>
{
    protected override bool ClearRemovesTheRecord => true;

    protected override bool AnETagOfNothingConflicts => false;

    protected override Task<IGrainStorage> StorageAsync() => Task.FromResult(fixture.Storage("memory"));
}
