using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Streams;
using Orleans.Transactions;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Provider;

/// <summary>What people build on grain storage, on three silos with ours underneath.</summary>
public sealed partial class EcosystemTests(ProvidersFixture fixture) : IClassFixture<ProvidersFixture>
{
    [Fact]
    public async Task A_grain_of_the_default_provider_keeps_its_state_over_activations_on_any_silo()
    {
        for (var i = 1; i <= 6; i++)
        {
            var grain = fixture.Grains().GetGrain<ICounterGrain>("default");
            Assert.Equal(i - 1, await grain.Read());
            Assert.Equal(i, await grain.Increment());
            await grain.Leave();
        }

        await fixture.Grains().GetGrain<ICounterGrain>("default").Forget();
        await fixture.Grains().GetGrain<ICounterGrain>("default").Leave();
        Assert.Equal(0, await fixture.Grains().GetGrain<ICounterGrain>("default").Read());
    }

    [Fact]
    public async Task Transactional_states_commit_together_or_not_at_all()
    {
        string[] names = ["anna", "bert", "cleo"];
        foreach (var name in names)
        {
            await fixture.Grains().GetGrain<IAccountGrain>(name).Add(100);
        }

        await Task.WhenAll(Enumerable.Range(0, 12).Select(async i =>
        {
            try
            {
                await fixture.Grains().GetGrain<ITransferGrain>(0).Transfer(names[i % 3], names[(i + 1) % 3], 30 + i);
            }
            catch (OrleansTransactionException)
            {
                // Refused for lack of money, or aborted by another one: the sum tells whether it was done by half.
            }
        }));
        foreach (var name in names)
        {
            await fixture.Grains().GetGrain<IAccountGrain>(name).Leave();
        }

        await Assert.ThrowsAnyAsync<OrleansTransactionException>(() => fixture.Grains().GetGrain<ITransferGrain>(0).Transfer("anna", "bert", 1000));
        var balances = await Task.WhenAll(names.Select(name => fixture.Grains().GetGrain<IAccountGrain>(name).Balance()));
        Assert.Equal(300, balances.Sum());
    }

    [Fact]
    public async Task A_journaled_grain_over_state_storage_keeps_its_sum()
    {
        for (var i = 1; i <= 5; i++)
        {
            var grain = fixture.Grains().GetGrain<ISumGrain>("sum");
            Assert.Equal(10 * i, await grain.Add(10));
            await grain.Leave();
        }

        Assert.Equal(50, await fixture.Grains().GetGrain<ISumGrain>("sum").Sum());
    }

    [Fact]
    public async Task Subscriptions_in_PubSubStore_outlive_the_subscriber()
    {
        var id = Guid.NewGuid();
        var listener = fixture.Grains().GetGrain<IListenerGrain>(id);
        await listener.Listen();
        await PublishAsync(id, 1, 2, 3);
        Assert.Equal([1, 2, 3], (await listener.Received(3)).Order());
        await listener.Leave();
        await PublishAsync(id, 4);
        Assert.Equal([4], await fixture.Grains().GetGrain<IListenerGrain>(id).Received(1));

        var subscriptions = 0;
        await foreach (var record in fixture.Catalog("PubSubStore").ReadAllAsync(RaftReadOptions.Linearizable, CancellationToken.None))
        {
            subscriptions += record.GrainId.ToString().Contains(id.ToString("N"), StringComparison.OrdinalIgnoreCase)
                || record.GrainId.ToString().Contains(id.ToString(), StringComparison.OrdinalIgnoreCase) ? 1 : 0;
        }

        Assert.Equal(1, subscriptions);
    }

    private async Task PublishAsync(Guid id, params int[] numbers)
    {
        var stream = fixture.Client().GetStreamProvider("streams").GetStream<int>(StreamId.Create("numbers", id));
        foreach (var number in numbers)
        {
            await stream.OnNextAsync(number);
        }
    }
}
