using Orleans.Raft.Storage.Clustering;
using Orleans.Runtime;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Storage.Tests.Clustering;

public sealed class VoterGroupTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly VoterCluster _cluster = new(3);
    private static readonly CancellationToken None = CancellationToken.None;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        output.WriteLine(_cluster.Log.ToString());
    }

    [Fact]
    public async Task Voters_that_start_together_are_born_once_and_agree()
    {
        await _cluster.StartAllAsync();
        Assert.Equal(TableResult.Done, await InsertAsync("s2", "127.0.0.1:1@1"));
        foreach (var name in _cluster.Names)
        {
            Assert.Equal(["127.0.0.1:1@1"], (await ReadAsync(name)).Rows.Keys);
        }

        await Until.TrueAsync(() => _cluster.Names.All(name => _cluster[name].Voter!.Latest is not null), "all voters run");
        Assert.Single(_cluster.Names.Select(name => _cluster[name].Voter!.Latest!.Incarnation).Distinct());
    }

    [Fact]
    public async Task Voters_that_start_one_after_the_other_wait_until_the_last_is_there_and_say_for_whom()
    {
        await _cluster.StartAsync("s1");
        await _cluster.StartAsync("s2");
        await Until.TrueAsync(() => _cluster["s2"].Voter!.Trouble.Contains("missing: s3", StringComparison.Ordinal), "s2 says that s3 is missing");
        Assert.Null(_cluster["s1"].Voter!.Latest);
        using var shortly = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        var ended = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _cluster.Table("s1").InitializeMembershipTableAsync(true, shortly.Token));
        Assert.Contains("missing: s3", ended.Message, StringComparison.Ordinal);

        await _cluster.StartAsync("s3");
        await _cluster.Table("s1").InitializeMembershipTableAsync(true, None);
        Assert.Equal(TableResult.Done, await InsertAsync("s3", "127.0.0.1:1@1"));
    }

    [Fact]
    public async Task At_birth_who_has_another_list_of_voters_than_a_majority_is_refused_and_the_others_wait_on()
    {
        await _cluster.StartAsync("s1");
        await _cluster.StartAsync("s2");
        await _cluster.StartAsync("s4", new Dictionary<string, string> { ["s1"] = _cluster.AddressOf("s1") });
        var refused = await Assert.ThrowsAsync<OrleansConfigurationException>(() => _cluster.Table("s4").InitializeMembershipTableAsync(true, None));
        Assert.Contains("the voters of s1 are s1,s2,s3, here they are s1;", refused.Message, StringComparison.Ordinal);

        // Two of five are no majority, and enough only when all have had time to start.
        var five = _cluster.Names.Append("s5").Append("s6").ToDictionary(static name => name, _cluster.AddressOrNowhere);
        await _cluster.StartAsync("s3", five);
        await Until.TrueAsync(() => _cluster["s3"].FindWrongList(hasWaited: true) is not null, "s3 finds that both others have another list");
        Assert.Null(_cluster["s3"].FindWrongList(hasWaited: false));
        Assert.Null(_cluster["s1"].FindWrongList(hasWaited: true));
        await _cluster.StopAsync("s3");

        await _cluster.StartAsync("s3");
        Assert.Equal(TableResult.Done, await InsertAsync("s3", "127.0.0.1:1@1"));

        // Later lists are hints: this one is not what the group knows, and works.
        await _cluster.StopAsync("s2");
        await _cluster.StartAsync("s2", five);
        Assert.Equal(["127.0.0.1:1@1"], (await ReadAsync("s2")).Rows.Keys);
    }

    [Fact]
    public async Task After_birth_a_majority_is_enough_and_who_was_away_catches_up()
    {
        await _cluster.StartAllAsync();
        await InsertAsync("s1", "127.0.0.1:1@1");
        await _cluster.StopAsync("s1");
        Assert.Equal(TableResult.Done, await InsertAsync("s2", "127.0.0.1:2@1"));
        Assert.Equal(["127.0.0.1:1@1", "127.0.0.1:2@1"], (await ReadAsync("s3")).Rows.Keys);
        await _cluster.StartAsync("s1");
        Assert.Equal(["127.0.0.1:1@1", "127.0.0.1:2@1"], (await ReadAsync("s1")).Rows.Keys);
    }

    [Fact]
    public async Task After_all_were_down_everything_is_there_again()
    {
        await _cluster.StartAllAsync();
        await InsertAsync("s1", "127.0.0.1:1@1");
        foreach (var name in _cluster.Names)
        {
            await _cluster.StopAsync(name);
        }

        await _cluster.StartAllAsync();
        Assert.Equal(["127.0.0.1:1@1"], (await ReadAsync("s3")).Rows.Keys);
        Assert.Equal(TableResult.Done, await InsertAsync("s2", "127.0.0.1:2@1"));
    }

    [Fact]
    public async Task A_voter_that_was_away_longer_than_the_log_reaches_back_gets_a_snapshot()
    {
        await _cluster.StartAllAsync();
        await InsertAsync("s1", "127.0.0.1:1@1");
        await _cluster.StopAsync("s3");
        for (var i = 0; i < 120; i++)
        {
            await InsertAsync("s1", $"127.0.0.1:{i + 10}@1");
        }

        await _cluster.StartAsync("s3");
        await Until.TrueAsync(() => _cluster["s3"].Voter!.Latest?.View.Rows.Count == 121, "s3 has all rows");
        await _cluster.StopAsync("s1");
        Assert.Equal(121, (await ReadAsync("s3")).Rows.Count);
    }

    [Fact]
    public async Task A_voter_whose_directory_was_wiped_does_not_vote_but_its_silo_goes_on_through_the_others()
    {
        await _cluster.StartAllAsync();
        await InsertAsync("s1", "127.0.0.1:1@1");
        await _cluster.StopAsync("s2");
        _cluster.Stores.Wipe("s2");
        await _cluster.StartAsync("s2");
        await Until.TrueAsync(() => _cluster["s2"].Voter!.Trouble.Contains("is not one of its voters", StringComparison.Ordinal), "s2 is recognized");
        Assert.Equal(["127.0.0.1:1@1"], (await ReadAsync("s2")).Rows.Keys);
        Assert.Null(_cluster["s2"].Voter!.Latest);

        await _cluster.StopAsync("s1");
        using var shortly = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        await Assert.ThrowsAsync<TableUnavailableException>(() => _cluster["s3"].Client.ReadAsync(true, shortly.Token));
    }

    [Fact]
    public async Task Two_wiped_voters_of_three_do_not_make_a_second_history()
    {
        await _cluster.StartAllAsync();
        await InsertAsync("s1", "127.0.0.1:1@1");

        // The other two suffice for the write; were they all that ever had it, nothing would be left to protect.
        await Until.TrueAsync(() => _cluster["s3"].Voter!.Latest?.View.Rows.Count == 1, "s3 has the row");
        foreach (var name in _cluster.Names)
        {
            await _cluster.StopAsync(name);
        }

        _cluster.Stores.Wipe("s1");
        _cluster.Stores.Wipe("s2");
        await _cluster.StartAsync("s1");
        await _cluster.StartAsync("s2");
        await Until.TrueAsync(() => _cluster["s1"].Voter!.Trouble.Contains("missing: s3", StringComparison.Ordinal), "s1 waits for s3");
        await _cluster.StartAsync("s3");
        await Until.TrueAsync(() => _cluster["s1"].Voter!.Trouble.Contains("is not one of its voters", StringComparison.Ordinal), "s1 is recognized");
        await Until.TrueAsync(() => _cluster["s2"].Voter!.Trouble.Contains("is not one of its voters", StringComparison.Ordinal), "s2 is recognized");
        Assert.Equal(["127.0.0.1:1@1"], _cluster["s3"].Voter!.Latest!.View.Rows.Keys);
    }

    [Fact]
    public async Task A_directory_that_was_restored_from_a_backup_is_not_let_in()
    {
        await _cluster.StartAllAsync();
        await InsertAsync("s1", "127.0.0.1:1@1");
        await _cluster.StopAsync("s3");
        await _cluster.StartAsync("s3");
        var second = _cluster["s3"].Voter!.Self.OpenCounter;
        await Until.TrueAsync(
            () => _cluster["s1"].Voter!.Latest!.View.Voters.Values.Any(voter => voter.Name == "s3" && voter.OpenCounter == second), "the start is logged");
        await _cluster.StopAsync("s3");
        _cluster.Stores.TurnBack("s3", second - 2);
        await _cluster.StartAsync("s3");
        await Until.TrueAsync(() => _cluster.Log.Warnings.Any(static line => line.Contains("restored or copied", StringComparison.Ordinal)), "it is recognized");
        Assert.Equal(TableResult.Done, await InsertAsync("s1", "127.0.0.1:2@1"));
    }

    [Fact]
    public async Task All_addresses_may_change_at_once()
    {
        await _cluster.StartAllAsync();
        await InsertAsync("s1", "127.0.0.1:1@1");
        foreach (var name in _cluster.Names)
        {
            await _cluster.StopAsync(name);
            _cluster.Move(name);
        }

        await _cluster.StartAllAsync();
        Assert.Equal(["127.0.0.1:1@1"], (await ReadAsync("s2")).Rows.Keys);
        await Until.TrueAsync(
            () => _cluster["s1"].Voter!.Latest!.View.Voters.Values.All(voter => voter.Address == _cluster.AddressOf(voter.Name)), "addresses are recorded");
    }

    [Fact]
    public async Task A_client_that_knows_one_voter_learns_of_the_others_and_goes_on_without_it()
    {
        await _cluster.StartAllAsync();
        await InsertAsync("s1", "127.0.0.1:1@1");
        var client = await _cluster.ClientAsync("client", new Dictionary<string, string> { ["s2"] = _cluster.AddressOf("s2") });
        client.Learn((await client.Client.ReadAsync(false, None)).View);
        await _cluster.StopAsync("s2");
        Assert.Equal(["127.0.0.1:1@1"], (await client.Client.ReadAsync(false, None)).View.Rows.Keys);
    }

    [Fact]
    public async Task Times_of_being_alive_survive_the_leader_that_received_them()
    {
        await _cluster.StartAllAsync();
        await InsertAsync("s1", "127.0.0.1:1@1");
        await _cluster["s1"].Client.ReportAliveAsync(new AliveReport("127.0.0.1:1@1", 100), None);
        await _cluster["s1"].Client.ReportAliveAsync(new AliveReport("127.0.0.1:1@1", 200), None);
        await Until.TrueAsync(() => _cluster.Names.All(name => _cluster[name].Voter!.Latest!.View.Rows["127.0.0.1:1@1"].AliveTime == 200), "the time is logged");
        var leader = _cluster.Leader.Name;
        var other = _cluster.Names.First(name => name != leader);
        await _cluster.StopAsync(leader);
        Assert.Equal(200, (await ReadAsync(other)).Rows["127.0.0.1:1@1"].AliveTime);
    }

    [Fact]
    public async Task Writers_on_all_voters_at_once_lose_nothing_and_win_each_version_once()
    {
        await _cluster.StartAllAsync();
        var wins = await Task.WhenAll(_cluster.Names.Select(async name =>
        {
            var versions = new List<int>();
            for (var i = 0; i < 20; i++)
            {
                var view = await ReadAsync(name);
                if (await InsertAsync(name, $"127.0.0.1:{i + 1}@{name[1..]}", view) is TableResult.Done)
                {
                    versions.Add(view.Version + 1);
                }
            }

            return versions;
        }));
        var all = wins.SelectMany(static versions => versions).Order().ToList();
        Assert.Equal(Enumerable.Range(1, all.Count), all);
        Assert.Equal(all.Count, (await ReadAsync("s1")).Rows.Count);
    }

    [Fact]
    public async Task A_stranger_with_another_secret_is_not_let_in_and_costs_one_line()
    {
        await _cluster.StartAllAsync();
        await InsertAsync("s1", "127.0.0.1:1@1");
        _cluster.Secret = "wrong";
        var client = await _cluster.ClientAsync();
        using var shortly = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        await Assert.ThrowsAsync<TableUnavailableException>(() => client.Client.ReadAsync(false, shortly.Token));
        Assert.Contains(_cluster.Log.Warnings, static line => line.Contains("does not prove that it knows the secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_voter_alone_is_a_cluster()
    {
        await using var single = new VoterCluster(1);
        var node = await single.StartAsync("s1");
        Assert.Equal(TableResult.Done, await node.Client.ChangeAsync(Insert("127.0.0.1:1@1", TableView.Empty), None));
        await single.StopAsync("s1");
        node = await single.StartAsync("s1");
        Assert.Equal(["127.0.0.1:1@1"], (await node.Client.ReadAsync(true, None)).View.Rows.Keys);
    }

    private async Task<TableView> ReadAsync(string node) => (await _cluster[node].Client.ReadAsync(true, None)).View;

    private async Task<TableResult> InsertAsync(string node, string silo) => await InsertAsync(node, silo, await ReadAsync(node));

    private Task<TableResult> InsertAsync(string node, string silo, TableView view) => _cluster[node].Client.ChangeAsync(Insert(silo, view), None);

    private static TableCommand Insert(string silo, TableView view) => new()
    {
        Kind = TableCommandKind.Insert,
        Row = new SiloRow { Silo = silo },
        Version = view.Version + 1,
        VersionETag = view.VersionETag,
    };
}
