using Orleans.Configuration;
using Orleans.Raft.Storage.Tests.Provider.Contract;
using Orleans.Runtime;
using Orleans.Storage;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Provider;

/// <summary>Sizes and amounts on three silos with disks.</summary>
public sealed class LargeStateTests(ProvidersFixture fixture) : IClassFixture<ProvidersFixture>
{
    [Fact]
    public async Task A_state_of_the_default_largest_size_is_written_and_read_back_on_every_silo()
    {
        var text = Text(1, RaftGrainStorageOptions.DefaultMaxStateSize - 1000);
        var grain = GrainId.Create("cart", "largest");
        await fixture.Storage("Default").WriteStateAsync("s", grain, new GrainState<Cart>(new Cart(text)));
        for (var silo = 0; silo < 3; silo++)
        {
            Assert.Equal(text, await ReadAsync(grain));
        }

        var larger = new GrainState<Cart>(new Cart(Text(2, RaftGrainStorageOptions.DefaultMaxStateSize)));
        await Assert.ThrowsAsync<RaftException>(() => fixture.Storage("Default").WriteStateAsync("s", GrainId.Create("cart", "larger"), larger));
    }

    [Fact]
    public async Task Many_states_of_1_MiB_at_once_are_written_and_read_back()
    {
        var states = Enumerable.Range(0, 24).Select(number => (Grain: GrainId.Create("cart", $"mib-{number}"), Text: Text(number, 1 << 20))).ToArray();
        await Task.WhenAll(states.Select(state => fixture.Storage("Default").WriteStateAsync("s", state.Grain, new GrainState<Cart>(new Cart(state.Text)))));
        var read = await Task.WhenAll(states.Select(state => ReadAsync(state.Grain)));
        Assert.Equal(states.Select(state => state.Text), read);
    }

    [Fact]
    public async Task The_log_of_a_providers_group_is_cut_and_its_states_stay()
    {
        var group = new RaftGroupId("single", 0);
        var grains = Enumerable.Range(0, 20).Select(number => GrainId.Create("cart", $"cut-{number}")).ToArray();
        var states = grains.Select(_ => new GrainState<Cart>()).ToArray();
        for (var round = 0; round < 20; round++)
        {
            for (var i = 0; i < grains.Length; i++)
            {
                states[i].State = new Cart($"{round}");
                await fixture.Storage("single").WriteStateAsync("s", grains[i], states[i]);
            }
        }

        for (var silo = 0; silo < 3; silo++)
        {
            var replica = fixture.Replica(silo, group)!;
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while (await replica.AskAsync(node => node.Applied) < 400 || replica.CompactableEntries >= 200)
            {
                Assert.True(await timer.WaitForNextTickAsync(limit.Token));
            }
        }

        foreach (var grain in grains)
        {
            var state = new GrainState<Cart>();
            await fixture.Storage("single").ReadStateAsync("s", grain, state);
            Assert.Equal("19", state.State!.Text);
        }
    }

    private static string Text(int seed, int length) =>
        string.Create(length, seed, static (span, seed) => new Random(seed).GetItems("0123456789abcdef", span));

    private async Task<string> ReadAsync(GrainId grain)
    {
        var state = new GrainState<Cart>();
        await fixture.Storage("Default").ReadStateAsync("s", grain, state);
        return state.State!.Text;
    }
}
