using Microsoft.Extensions.DependencyInjection;
using Orleans.Raft.Hosting;
using Orleans.Runtime;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Provider;

/// <summary>Says where it is, and writes.</summary>
[Alias("Orleans.Raft.Cluster.Tests.IPlacedGrain")]
public interface IPlacedGrain : IGrainWithIntegerKey
{
    [Alias("Where")]
    Task<string> Where();
}

/// <summary>A grain that wants to be beside the leader of its state's group.</summary>
[RaftPlacement("place")]
public sealed class PlacedGrain(
    [PersistentState("place")] IPersistentState<CounterState> state, ILocalSiloDetails silo) : Grain, IPlacedGrain
{
    public async Task<string> Where()
    {
        await state.WriteStateAsync();
        return silo.Name;
    }
}

public sealed class RaftPlacementTests(ProvidersFixture fixture) : IClassFixture<ProvidersFixture>
{
    [Fact]
    public async Task A_grain_with_RaftPlacement_is_activated_where_its_groups_leader_is()
    {
        var silos = new HashSet<string>();
        for (var key = 0; key < 40; key++)
        {
            // Leaders may still move while the cluster is young: what counts is who leads before and after.
            var silo = await Until.AsyncTrue(
                async () =>
                {
                    var grain = fixture.Grains().GetGrain<IPlacedGrain>(key);
                    var before = await fixture.LeaderOfAsync(grain.GetGrainId(), "place");
                    var where = await grain.Where();
                    return (Where: where, Before: before, After: await fixture.LeaderOfAsync(grain.GetGrainId(), "place"));
                },
                found => found.Before != found.After || found.Where == found.Before);
            silos.Add(silo.Where);
        }

        Assert.True(silos.Count > 1, $"all 40 grains of 16 groups are on {string.Join(", ", silos)}");
    }
}
