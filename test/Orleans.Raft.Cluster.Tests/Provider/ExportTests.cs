using Orleans.Raft.Storage.Tests.Provider.Contract;
using Orleans.Runtime;
using Orleans.Storage;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Provider;

/// <summary>All states of a provider, out of one and into another, on three silos.</summary>
[Collection(nameof(BackedCluster))]
public sealed class ExportTests(BackedCluster cluster)
{
    private const int Grains = 30;
    private const int RecordsPerPage = 6;

    private static readonly string Filling = new('x', 40_000);

    // One writer counts up, grain by grain: of one moment are exactly those states that hold the latest number each, up to one.
    [Theory]
    [InlineData(BackedCluster.Plain)]
    [InlineData(BackedCluster.Backed)]
    public async Task An_export_is_as_of_one_index_a_group_although_everything_changes_between_its_pages(string provider)
    {
        using var stopping = new CancellationTokenSource();
        var writer = new Writer(cluster.Storage(1, provider));
        var writing = writer.RunAsync(stopping.Token);
        await Until.AsyncTrue(() => Task.FromResult(writer.Done), done => done >= Grains);
        var before = writer.Done;

        var pages = new Pages();
        var records = new List<RaftStateRecord>();
        await foreach (var record in cluster.Catalog(0, provider).ExportAsync(pages, CancellationToken.None))
        {
            if (record.GrainId.Type.ToString() != "counted")
            {
                continue;
            }

            records.Add(record);
            pages.Add(record);
            if (records.Count % RecordsPerPage == 1)
            {
                // All that is still to come is overwritten, before its page is asked for.
                var done = writer.Done;
                await Until.AsyncTrue(() => Task.FromResult(writer.Done), now => now >= done + Grains);
            }
        }

        await stopping.CancelAsync();
        await writing;
        Assert.Equal(Grains, records.Select(record => record.GrainId).Distinct().Count());
        Assert.Equal(Grains, records.Count);
        Assert.Equal(provider == BackedCluster.Plain ? 3 : 1, pages.Last.GroupsDone);
        foreach (var numbers in pages.Numbers.Values.Where(numbers => numbers.Count > 0))
        {
            var last = numbers.Values.Max();
            Assert.All(numbers, number => Assert.Equal(Latest(number.Key, last), number.Value));
            Assert.All(numbers, number => Assert.True(number.Value >= Latest(number.Key, before), $"{number} is older than {before}"));
        }

        var into = provider == BackedCluster.Plain ? "copy" : BackedCluster.Plain;
        var imported = await cluster.Catalog(2, into).ImportAsync(records.ToAsyncEnumerable(), null, CancellationToken.None);
        Assert.Equal(Grains, imported.Written + imported.Kept);
    }

    [Fact]
    public async Task States_of_another_grain_storage_come_in_while_others_are_written()
    {
        for (var number = 0; number < Grains; number++)
        {
            await cluster.Storage(number % 3, "memory").WriteStateAsync("s", BackedCluster.Grain("moved", number), new GrainState<Cart>(new Cart($"theirs {number}")));
        }

        var kept = new GrainState<Cart>(new Cart("ours"));
        await cluster.Storage(1, "copy").WriteStateAsync("s", BackedCluster.Grain("moved", 7), kept);
        var ids = Enumerable.Range(0, Grains + 5).Select(number => BackedCluster.Grain("moved", number)).ToAsyncEnumerable();
        var seen = new Reports();
        var result = await cluster.Catalog(0, "copy").ImportAsync<Cart>(cluster.Storage(2, "memory"), "s", ids, seen, CancellationToken.None);
        Assert.Equal(new RaftImportProgress(Grains + 5, Grains - 1, 5, 1), result);
        Assert.Equal(Grains + 5, seen.Last.Read);
        var read = new GrainState<Cart>();
        await cluster.Storage(2, "copy").ReadStateAsync("s", BackedCluster.Grain("moved", 8), read);
        Assert.Equal("theirs 8", read.State!.Text);
    }

    [Fact]
    public async Task An_export_whose_replica_stops_fails_and_says_that_it_must_begin_anew()
    {
        for (var number = 0; number < 3 * RecordsPerPage; number++)
        {
            await cluster.WriteAsync(0, "ended", number, new GrainState<Cart>(), Filling);
        }

        await using var export = cluster.Catalog(0, BackedCluster.Backed).ExportAsync(null, CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await export.MoveNextAsync());
        var holder = Enumerable.Range(0, 3).Select(silo => cluster.Replica(silo).Place!.Rows.Views).Single(views => views.Show(1));
        holder.CloseAll();
        var error = await Assert.ThrowsAsync<RaftException>(async () =>
        {
            while (await export.MoveNextAsync())
            {
            }
        });
        Assert.Contains("anew", error.Message, StringComparison.Ordinal);
    }

    private static long Latest(long grain, long until) => until - ((until - grain) % Grains);

    private static long NumberOf(RaftStateRecord record) =>
        long.Parse(record.GetState<Cart>()!.Text.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);

    private sealed class Writer(IGrainStorage storage)
    {
        private long _done;

        public long Done => Volatile.Read(ref _done);

        public async Task RunAsync(CancellationToken stopping)
        {
            var states = Enumerable.Range(0, Grains).Select(_ => new GrainState<Cart>()).ToArray();
            for (long number = 0; !stopping.IsCancellationRequested; number++)
            {
                var grain = (int)(number % Grains);
                states[grain].State = new Cart($"{number} {Filling}");
                await storage.WriteStateAsync("s", BackedCluster.Grain("counted", grain), states[grain]);
                Volatile.Write(ref _done, number);
            }
        }
    }

    private sealed class Pages : IProgress<RaftExportProgress>
    {
        private readonly List<RaftStateRecord> _page = [];
        private readonly Dictionary<RaftGroupId, long> _indexes = [];

        public Dictionary<RaftGroupId, Dictionary<long, long>> Numbers { get; } = [];

        public RaftExportProgress Last { get; private set; }

        public void Add(RaftStateRecord record) => _page.Add(record);

        public void Report(RaftExportProgress value)
        {
            Assert.Equal(value.Index, _indexes.TryAdd(value.Group, value.Index) ? value.Index : _indexes[value.Group]);
            Last = value;
            Numbers.TryAdd(value.Group, []);
            foreach (var record in _page)
            {
                Numbers[value.Group].Add(int.Parse(record.GrainId.Key.ToString()!, System.Globalization.CultureInfo.InvariantCulture), NumberOf(record));
            }

            _page.Clear();
        }
    }

    private sealed class Reports : IProgress<RaftImportProgress>
    {
        public RaftImportProgress Last { get; private set; }

        public void Report(RaftImportProgress value) => Last = value;
    }
}
