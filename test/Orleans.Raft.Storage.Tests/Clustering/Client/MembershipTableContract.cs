using System.Net;
using Orleans.Raft.Storage.Clustering;
using Orleans.Runtime;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Clustering;

/// <summary>What Orleans demands of a membership table, against voters over TCP. Each operation is asked of the next table, so that nothing holds for one silo only.</summary>
public abstract class MembershipTableContract(int voters) : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly DateTime Start = new(2026, 11, 24, 12, 0, 0, DateTimeKind.Utc);

    private readonly VoterCluster _cluster = new(voters);
    private readonly List<IMembershipTable> _tables = [];
    private int _turn;
    private int _silos;

    private IMembershipTable Next => _tables[_turn++ % _tables.Count];

    public async Task InitializeAsync()
    {
        await _cluster.StartAllAsync();
        await _cluster.ClientAsync();
        _tables.AddRange(_cluster.Names.Append("client").Select(name => _cluster.Table(name)));
        await Task.WhenAll(_tables.Select(table => table.InitializeMembershipTableAsync(true, None)));
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task A_new_table_has_no_rows_a_version_of_0_and_an_etag()
    {
        var data = await Next.ReadAllAsync(None);
        Assert.Empty(data.Members);
        Assert.Equal(0, data.Version.Version);
        Assert.NotEmpty(data.Version.VersionEtag);
    }

    [Fact]
    public async Task An_inserted_row_is_read_back_as_it_was_with_an_etag_and_the_version_that_was_written()
    {
        var entry = Entry(SiloStatus.Joining);
        entry.SuspectTimes = [Tuple.Create(Address(), Start.AddSeconds(1)), Tuple.Create(Address(), Start.AddSeconds(2))];
        var before = (await Next.ReadAllAsync(None)).Version;
        Assert.True(await Next.InsertRowAsync(entry, before.Next(), None));

        var row = await Next.ReadRowAsync(entry.SiloAddress, None);
        var (read, etag) = Assert.Single(row.Members);
        AssertEqual(entry, read);
        Assert.NotEmpty(etag);
        Assert.Equal(1, row.Version.Version);
        Assert.NotEqual(before.VersionEtag, row.Version.VersionEtag);
        Assert.Equal(etag, Assert.Single((await Next.ReadAllAsync(None)).Members).Item2);
    }

    [Fact]
    public async Task A_row_that_is_not_there_reads_as_no_member_with_the_tables_version()
    {
        await InsertAsync(Entry(SiloStatus.Active));
        var row = await Next.ReadRowAsync(Address(), None);
        Assert.Empty(row.Members);
        Assert.Equal(1, row.Version.Version);
    }

    [Fact]
    public async Task An_insert_of_a_row_that_is_there_or_under_a_version_that_has_passed_is_refused_and_changes_nothing()
    {
        var first = Entry(SiloStatus.Active);
        var stale = (await Next.ReadAllAsync(None)).Version;
        await InsertAsync(first);
        var now = (await Next.ReadAllAsync(None)).Version;

        Assert.False(await Next.InsertRowAsync(first, now.Next(), None));
        Assert.False(await Next.InsertRowAsync(Entry(SiloStatus.Active), stale.Next(), None));
        Assert.Single((await Next.ReadAllAsync(None)).Members);
        Assert.Equal(now.VersionEtag, (await Next.ReadAllAsync(None)).Version.VersionEtag);
        Assert.True(await Next.InsertRowAsync(Entry(SiloStatus.Active), now.Next(), None));
    }

    [Fact]
    public async Task An_update_needs_the_rows_etag_and_the_tables_version_and_gives_new_ones()
    {
        var entry = Entry(SiloStatus.Joining);
        await InsertAsync(entry);
        var (staleEtag, stale) = (Single(await Next.ReadAllAsync(None)).Item2, (await Next.ReadAllAsync(None)).Version);
        entry.Status = SiloStatus.Active;
        Assert.True(await Next.UpdateRowAsync(entry, staleEtag, stale.Next(), None));

        var now = await Next.ReadAllAsync(None);
        Assert.Equal(SiloStatus.Active, Single(now).Item1.Status);
        Assert.NotEqual(staleEtag, Single(now).Item2);
        Assert.Equal(2, now.Version.Version);
        entry.Status = SiloStatus.Dead;
        Assert.False(await Next.UpdateRowAsync(entry, staleEtag, now.Version.Next(), None));
        Assert.False(await Next.UpdateRowAsync(entry, Single(now).Item2, stale.Next(), None));
        Assert.False(await Next.UpdateRowAsync(entry, staleEtag, stale.Next(), None));
        Assert.False(await Next.UpdateRowAsync(entry, "no etag of ours", now.Version.Next(), None));
        Assert.False(await Next.UpdateRowAsync(Entry(SiloStatus.Dead), Single(now).Item2, now.Version.Next(), None));
        Assert.Equal(SiloStatus.Active, Single(await Next.ReadAllAsync(None)).Item1.Status);
        Assert.True(await Next.UpdateRowAsync(entry, Single(now).Item2, now.Version.Next(), None));
    }

    [Fact]
    public async Task Being_alive_touches_neither_etag_nor_version_nor_anything_else_of_the_row()
    {
        var entry = Entry(SiloStatus.Active);
        await InsertAsync(entry);
        var before = await Next.ReadAllAsync(None);
        var status = entry.Status;
        for (var second = 1; second <= 5; second++)
        {
            var alive = new MembershipEntry { SiloAddress = entry.SiloAddress, IAmAliveTime = Start.AddSeconds(second), Status = SiloStatus.Dead };
            await Next.UpdateIAmAliveAsync(alive, None);
            var after = await Next.ReadRowAsync(entry.SiloAddress, None);
            Assert.Equal(alive.IAmAliveTime, Single(after).Item1.IAmAliveTime);
            Assert.Equal((Single(before).Item2, before.Version.VersionEtag), (Single(after).Item2, after.Version.VersionEtag));
            Assert.Equal((status, 1), (Single(after).Item1.Status, after.Version.Version));
        }

        // Who voted meanwhile read an older time; what it writes does not make the silo look older.
        entry.IAmAliveTime = Start;
        entry.SuspectTimes = [Tuple.Create(Address(), Start)];
        Assert.True(await Next.UpdateRowAsync(entry, Single(before).Item2, before.Version.Next(), None));
        Assert.Equal(Start.AddSeconds(5), Single(await Next.ReadAllAsync(None)).Item1.IAmAliveTime);

        // Nobody is made by saying that it is alive.
        await Next.UpdateIAmAliveAsync(Entry(SiloStatus.Active), None);
        Assert.Single((await Next.ReadAllAsync(None)).Members);
    }

    [Fact]
    public async Task Clean_up_takes_dead_rows_from_before_the_time_and_no_others()
    {
        var (old, late, alive) = (Entry(SiloStatus.Dead), Entry(SiloStatus.Dead), Entry(SiloStatus.Active));
        (old.IAmAliveTime, late.IAmAliveTime, alive.IAmAliveTime) = (Start.AddDays(-10), Start, Start.AddDays(-10));
        old.StartTime = alive.StartTime = Start.AddDays(-11);
        await InsertAsync(old);
        await InsertAsync(late);
        await InsertAsync(alive);

        await Next.CleanupDefunctSiloEntriesAsync(new DateTimeOffset(Start.AddDays(-1)), None);
        var left = (await Next.ReadAllAsync(None)).Members.Select(member => member.Item1.SiloAddress);
        Assert.Equal(new[] { late.SiloAddress, alive.SiloAddress }.OrderBy(silo => silo.ToString()), left.OrderBy(silo => silo.ToString()));
    }

    [Fact]
    public async Task A_deleted_table_is_empty_for_its_cluster_only_and_what_was_read_before_fits_nothing()
    {
        var entry = Entry(SiloStatus.Active);
        await InsertAsync(entry);
        var before = await Next.ReadAllAsync(None);
        await Assert.ThrowsAsync<ArgumentException>(() => Next.DeleteMembershipTableEntriesAsync("another", None));
        Assert.Single((await Next.ReadAllAsync(None)).Members);

        await Next.DeleteMembershipTableEntriesAsync("test", None);
        Assert.Empty((await Next.ReadAllAsync(None)).Members);
        Assert.False(await Next.UpdateRowAsync(entry, Single(before).Item2, before.Version.Next(), None));
        Assert.False(await Next.InsertRowAsync(entry, before.Version.Next(), None));
        await InsertAsync(entry);
    }

    [Fact]
    public async Task Writers_at_once_win_each_version_once_and_lose_nothing()
    {
        const int Writes = 15;
        var entries = _tables.Select(_ => Entry(SiloStatus.Joining)).ToList();
        var versions = await Task.WhenAll(_tables.Select((table, i) => Task.Run(() => WriteAsync(table, entries[i], Writes))));

        Assert.Equal(Enumerable.Range(1, Writes * _tables.Count), versions.SelectMany(won => won).Order());
        var data = await Next.ReadAllAsync(None);
        Assert.Equal(Writes * _tables.Count, data.Version.Version);
        Assert.All(data.Members, member => Assert.Equal(Writes - 1, member.Item1.FaultZone));
    }

    [Fact]
    public async Task Gateways_are_the_active_rows_that_have_a_port_for_them()
    {
        var (open, closed, dead) = (Entry(SiloStatus.Active), Entry(SiloStatus.Active), Entry(SiloStatus.Dead));
        (open.ProxyPort, closed.ProxyPort, dead.ProxyPort) = (30_000, 0, 30_000);
        await InsertAsync(open);
        await InsertAsync(closed);
        await InsertAsync(dead);
        var provider = new RaftGatewayListProvider(
            _cluster["client"], Microsoft.Extensions.Options.Options.Create(new Configuration.GatewayOptions()));
        await provider.InitializeGatewayListProvider();

        await Until.TrueAsync(async () => (await provider.GetGateways()).Count == 1, "one gateway");
        var gateway = Assert.Single(await provider.GetGateways());
        Assert.Equal($"gwy.tcp://127.0.0.1:30000/{open.SiloAddress.Generation}", gateway.ToString());
    }

    private static async Task<List<int>> WriteAsync(IMembershipTable table, MembershipEntry entry, int writes)
    {
        var won = new List<int>();
        while (won.Count < writes)
        {
            var data = await table.ReadAllAsync(None);
            var own = data.Members.FirstOrDefault(member => member.Item1.SiloAddress.Equals(entry.SiloAddress));
            entry.FaultZone = won.Count;
            var next = data.Version.Next();
            if (own is null ? await table.InsertRowAsync(entry, next, None) : await table.UpdateRowAsync(entry, own.Item2, next, None))
            {
                won.Add(next.Version);
            }
        }

        return won;
    }

    private static Tuple<MembershipEntry, string> Single(MembershipTableData data) => Assert.Single(data.Members);

    private static void AssertEqual(MembershipEntry expected, MembershipEntry actual)
    {
        Assert.Equal(expected.ToString(), actual.ToString());
        Assert.Equal((expected.StartTime, expected.IAmAliveTime, expected.ProxyPort), (actual.StartTime, actual.IAmAliveTime, actual.ProxyPort));
        Assert.Equal((expected.SiloName, expected.HostName, expected.UpdateZone), (actual.SiloName, actual.HostName, actual.UpdateZone));
        Assert.Equal(expected.SuspectTimes, actual.SuspectTimes);
    }

    private async Task InsertAsync(MembershipEntry entry) => Assert.True(await Next.InsertRowAsync(entry, (await Next.ReadAllAsync(None)).Version.Next(), None));

    private SiloAddress Address() => SiloAddress.New(IPAddress.Loopback, 11_111 + ++_silos, 1000 + _silos);

    private MembershipEntry Entry(SiloStatus status) => new()
    {
        SiloAddress = Address(),
        Status = status,
        SiloName = $"silo{_silos}",
        HostName = "host",
        ProxyPort = 20_000 + _silos,
        StartTime = Start.AddMinutes(-1),
        IAmAliveTime = Start,
        UpdateZone = -1,
    };
}

public sealed class OneVoterTableTests() : MembershipTableContract(1);

public sealed class ThreeVotersTableTests() : MembershipTableContract(3);
