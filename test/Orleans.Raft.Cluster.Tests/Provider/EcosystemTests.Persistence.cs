using Xunit;

namespace Orleans.Raft.Cluster.Tests.Provider;

/// <content>What a provider owes grains, as Orleans' own grain-based persistence tests list it: each kind of key, generic grains, clears, activations that come and go.</content>
public sealed partial class EcosystemTests
{
    [Theory]
    [InlineData("guid")]
    [InlineData("long")]
    [InlineData("text")]
    [InlineData("guid and text")]
    [InlineData("long and text")]
    public async Task A_grain_with_any_kind_of_key_writes_reads_clears_and_comes_back(string kind)
    {
        var (key, number, grains) = (Guid.NewGuid(), Random.Shared.NextInt64(), fixture.Grains());
        ICell<int> cell = kind switch
        {
            "guid" => grains.GetGrain<IGuidCell>(key),
            "long" => grains.GetGrain<ILongCell>(number),
            "text" => grains.GetGrain<ITextCell>($"{key}"),
            "guid and text" => grains.GetGrain<IGuidExtendedCell>(key, "extension", null),
            _ => grains.GetGrain<ILongExtendedCell>(number, "extension", null),
        };
        var other = kind switch
        {
            "guid and text" => grains.GetGrain<IGuidExtendedCell>(key, "other", null),
            "long and text" => grains.GetGrain<ILongExtendedCell>(number, "other", null),
            _ => (ICell<int>?)null,
        };
        Assert.Equal((0, false, false), await cell.GetAsync());
        await cell.ClearAsync();
        Assert.Equal((0, false), Without(await cell.GetAsync()));
        await cell.WriteAsync(1);
        Assert.Equal((1, true, true), await cell.GetAsync());
        await cell.WriteAsync(2);
        Assert.Equal(2, await cell.ReloadAsync());
        await cell.LeaveAsync();
        Assert.Equal((2, true, true), await cell.GetAsync());
        Assert.Equal((0, false), Without(other is null ? default : await other.GetAsync()));
        await cell.ClearAsync();
        Assert.Equal((0, false), Without(await cell.GetAsync()));
        await cell.LeaveAsync();
        Assert.Equal((0, false), Without(await cell.GetAsync()));
        await cell.WriteAsync(3);
        Assert.Equal(3, await cell.ReloadAsync());
    }

    [Fact]
    public async Task Generic_grains_of_one_key_are_kept_apart_by_their_types()
    {
        var (key, grains) = (Random.Shared.NextInt64(), fixture.Grains());
        var (number, text, list) = (grains.GetGrain<IGenericCell<double>>(key), grains.GetGrain<IGenericCell<string>>(key), grains.GetGrain<IGenericCell<List<int>>>(key));
        Assert.Null((await text.GetAsync()).Value);
        Assert.Null((await list.GetAsync()).Value);
        await number.WriteAsync(5.1);
        await text.WriteAsync("three");
        await list.WriteAsync([1, 2]);
        await Task.WhenAll(number.LeaveAsync(), text.LeaveAsync(), list.LeaveAsync());
        Assert.Equal(5.1, await number.ReloadAsync());
        Assert.Equal("three", await text.ReloadAsync());
        Assert.Equal([1, 2], await list.ReloadAsync());
    }

    private static (int Value, bool IsStored) Without((int Value, bool IsStored, bool HasETag) cell) => (cell.Value, cell.IsStored);
}
