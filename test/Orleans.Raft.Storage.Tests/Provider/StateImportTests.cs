using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Raft.Storage.Tests.Provider.Contract;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Storage;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Provider;

/// <summary>Moving states in: from another grain storage, and from another cluster's export.</summary>
public sealed class StateImportTests
{
    private const int Grains = 200;

    private readonly FakeRaftGroups _groups = new();

    [Fact]
    public async Task States_of_another_grain_storage_are_copied_and_counted_and_what_is_here_is_kept()
    {
        var source = new FakeBacking();
        for (var number = 0; number < Grains - 50; number++)
        {
            await source.WriteStateAsync("s", Grain(number), new GrainState<Cart>(new Cart($"theirs {number}")));
        }

        await using var services = _groups.Services();
        var ours = new GrainState<Cart>(new Cart("ours"));
        await services.GetRequiredKeyedService<IGrainStorage>("raft").WriteStateAsync("s", Grain(7), ours);
        var seen = new Seen();
        var result = await Catalog(services).ImportAsync<Cart>(source, "s", Ids(), seen, CancellationToken.None);
        Assert.Equal(new RaftImportProgress(Grains, Grains - 51, 50, 1), result);
        Assert.Equal(Grains, seen.Reports);
        Assert.Equal("ours", await TextAsync(services, 7));
        Assert.Equal("theirs 8", await TextAsync(services, 8));
        Assert.Null(await TextAsync(services, Grains - 1));

        // Run again after it was cut off, or for good measure: nothing changes.
        var again = await Catalog(services).ImportAsync<Cart>(source, "s", Ids(), null, CancellationToken.None);
        Assert.Equal(new RaftImportProgress(Grains, 0, 50, Grains - 50), again);
    }

    [Fact]
    public async Task An_export_is_imported_by_another_cluster()
    {
        await using var from = _groups.Services();
        for (var number = 0; number < Grains; number++)
        {
            await from.GetRequiredKeyedService<IGrainStorage>("raft").WriteStateAsync("s", Grain(number), new GrainState<Cart>(new Cart($"{number}")));
        }

        await using var to = new FakeRaftGroups { Count = 5 }.Services();
        var exported = new List<RaftExportProgress>();
        var export = Catalog(from).ExportAsync(new Reported(exported.Add), CancellationToken.None);
        var result = await Catalog(to).ImportAsync(export, null, CancellationToken.None);
        Assert.Equal(new RaftImportProgress(Grains, Grains, 0, 0), result);
        Assert.Equal("123", await TextAsync(to, 123));
        Assert.Equal(_groups.Count, exported.Count);
        Assert.Equal((_groups.Count, _groups.Count, (long)Grains), (exported[^1].GroupsDone, exported[^1].Groups, exported[^1].States));
    }

    [Fact]
    public async Task A_write_without_an_answer_is_counted_once_and_as_what_it_was()
    {
        var source = new FakeBacking();
        await source.WriteStateAsync("s", Grain(1), new GrainState<Cart>(new Cart("one")));
        await using var services = _groups.Services();
        _groups.NextProposal = FakeRaftGroups.Fate.IsAppliedButUnanswered;
        var result = await Catalog(services).ImportAsync<Cart>(source, "s", Only(1), null, CancellationToken.None);
        Assert.Equal(new RaftImportProgress(1, 1, 0, 0), result);
    }

    private static GrainId Grain(int number) => GrainId.Create("cart", $"{number:d4}");

    private static IAsyncEnumerable<GrainId> Ids() => Enumerable.Range(0, Grains).Select(Grain).ToAsyncEnumerable();

    private static IAsyncEnumerable<GrainId> Only(int number) => new[] { Grain(number) }.ToAsyncEnumerable();

    private static IRaftStorageCatalog Catalog(IServiceProvider services) => services.GetRequiredKeyedService<IRaftStorageCatalog>("raft");

    private static async Task<string?> TextAsync(IServiceProvider services, int number) =>
        (await Catalog(services).ReadAsync(Grain(number), "s", RaftReadOptions.Linearizable, CancellationToken.None))?.GetState<Cart>()?.Text;

    private sealed class Reported(Action<RaftExportProgress> report) : IProgress<RaftExportProgress>
    {
        public void Report(RaftExportProgress value) => report(value);
    }

    private sealed class Seen : IProgress<RaftImportProgress>
    {
        public int Reports { get; private set; }

        public void Report(RaftImportProgress value) => Reports = (int)value.Read;
    }
}
