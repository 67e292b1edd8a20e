using Orleans.Raft.Benchmarks.Provider;
using Orleans.Runtime;

namespace Orleans.Raft.Benchmarks.Providers;

/// <summary>Grains with their state in one of the silos' storages.</summary>
internal sealed class GrainStore(string name, string durability, string grainType, IGrainFactory grains) : IStore
{
    private readonly IStateGrain[] _grains =
        [.. Enumerable.Range(0, ProvidersBenchmark.MaxWriters).Select(key => grains.GetGrain<IStateGrain>(GrainId.Create(grainType, GrainIdKeyExtensions.CreateIntegerKey(key).ToString()!)))];

    public string Name => name;

    public string Durability => durability;

    public Task WriteAsync(int writer) => _grains[writer].WriteAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
