using Orleans.Raft.Storage.Clustering;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Clustering;

public sealed class AliveTimesTests
{
    [Fact]
    public async Task A_leader_forgets_times_of_silos_that_have_left_the_table()
    {
        await using var cluster = new VoterCluster(1);
        var client = (await cluster.StartAsync("s1")).Client;
        for (var silo = 1; silo <= 5; silo++)
        {
            var view = (await client.ReadAsync(true, CancellationToken.None)).View;
            await client.ChangeAsync(
                new TableCommand
                {
                    Kind = TableCommandKind.Insert, Row = new SiloRow { Silo = $"127.0.0.1:{silo}@1" }, Version = silo, VersionETag = view.VersionETag,
                },
                CancellationToken.None);
            await client.ReportAliveAsync(new AliveReport($"127.0.0.1:{silo}@1", silo), CancellationToken.None);
            await Until.TrueAsync(() => cluster["s1"].Voter!.Latest!.View.Rows[$"127.0.0.1:{silo}@1"].AliveTime == silo, "the time is logged");
            await client.ChangeAsync(new TableCommand { Kind = TableCommandKind.DeleteAll }, CancellationToken.None);
        }

        await cluster.StopAsync("s1");
        Assert.Equal([1, 1, 1, 1, 1], (await LoggedAsync(cluster)).Select(static command => command.Alive.Length));
    }

    private static async Task<List<TableCommand>> LoggedAsync(VoterCluster cluster)
    {
        await using var store = await cluster.Stores.OpenAsync(new LogStoreSettings("", "", "s1"), CancellationToken.None);
        var log = (await store.OpenAsync(VoterStore.LogGroup, CancellationToken.None)).Reader;
        var entries = new List<Core.Entry>();
        Assert.True(log.TryRead(log.FirstIndex, log.LastIndex + 1, long.MaxValue, entries));
        return [.. entries.Where(static entry => !entry.Data.IsEmpty).Select(static entry => TableCommand.Decode(entry.Data)).Where(static command => command.Kind is TableCommandKind.Alive)];
    }
}
