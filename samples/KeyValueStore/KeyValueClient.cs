using System.Diagnostics;
using Orleans.Raft;
using Orleans.Runtime;

namespace KeyValueStore;

/// <summary>Sends requests to the grains of keys, by way of any running silo.</summary>
internal sealed class KeyValueClient(SiloCluster cluster)
{
    // Fifteen seconds are promised for a request. A silo that is gone is declared dead within five.
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(14);
    private static readonly TimeSpan RetryFor = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(100);

    private static readonly GrainType KeyType = GrainType.Create(KeyValueGrain.TypeName);

    /// <summary>The grain of a key.</summary>
    public IKeyValueGrain Grain(byte[] key) => Silo().GetRequiredService<IGrainFactory>().GetGrain<IKeyValueGrain>(KeyCodec.ToGrainKey(key));

    /// <summary>
    /// The value as of now. A read changes nothing, so where the key's silo turns out to be dead it is asked again, elsewhere. A change is not: what was sent to a silo that is
    /// only paused may be done when it goes on, and to do it twice would be worse than to say that its outcome is unknown.
    /// </summary>
    public async Task<Reading> GetAsync(byte[] key, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return await Grain(key).Get().WaitAsync(Budget - clock.Elapsed, cancellationToken);
            }
            catch (Exception exception) when (Failure.IsExpected(exception) && exception is not (RaftException or NoSiloException) && clock.Elapsed < RetryFor)
            {
                await Task.Delay(RetryAfter, cancellationToken);
            }
        }
    }

    /// <summary>Shows and moves groups.</summary>
    public IRaftManagementGrain Management() => Silo().GetRequiredService<IGrainFactory>().GetGrain<IRaftManagementGrain>(0);

    /// <summary>What the nearest replica holds of a key, without asking a majority.</summary>
    public async Task<Reading> GetLocalAsync(byte[] key, CancellationToken cancellationToken)
    {
        var silo = Silo();
        var grain = silo.GetRequiredService<IGrainFactory>().GetGrain<IKeyValueGrain>(KeyCodec.ToGrainKey(key));
        var record = await Catalog(silo).ReadAsync(grain.GetGrainId(), "value", RaftReadOptions.Local, cancellationToken);
        return record?.GetState<StoredValue>() is { IsDeleted: false } stored
            ? new Reading(Outcome.Found, record.ETag, stored.Bytes)
            : new Reading(Outcome.Missing, null, []);
    }

    /// <summary>All keys with their values, sorted by key.</summary>
    public async IAsyncEnumerable<(byte[] Key, byte[] Value)> ReadAllAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var record in Catalog(Silo()).ReadAllAsync(RaftReadOptions.Linearizable, cancellationToken))
        {
            if (record.GrainId.Type == KeyType && record.GetState<StoredValue>() is { IsDeleted: false } stored)
            {
                yield return (KeyCodec.FromGrainKey(record.GrainId.Key.ToString()!), stored.Bytes);
            }
        }
    }

    private IServiceProvider Silo() => cluster.AnySilo() ?? throw new NoSiloException();

    private static IRaftStorageCatalog Catalog(IServiceProvider silo) => silo.GetRequiredKeyedService<IRaftStorageCatalog>(SiloHost.Provider);
}
