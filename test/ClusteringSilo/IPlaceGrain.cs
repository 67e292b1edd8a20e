using Orleans.Runtime;

namespace ClusteringSilo;

/// <summary>Says where it lives.</summary>
public interface IPlaceGrain : IGrainWithStringKey
{
    Task<string> Where();
}

public sealed class PlaceGrain(ILocalSiloDetails silo) : Grain, IPlaceGrain
{
    public Task<string> Where() => Task.FromResult(silo.Name);
}
