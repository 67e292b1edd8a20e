using Orleans.Raft.Storage.Clustering;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Storage.Tests.Clustering;

/// <summary>Voters that are lost or go, and those that take their places (SAFETY-RULES A7, B10).</summary>
public sealed class ReplaceVoterTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly VoterCluster _cluster = new(3);
    private readonly CancellationTokenSource _limit = new(Until.Limit);

    public async Task InitializeAsync()
    {
        await _cluster.StartAllAsync();
        await InsertAsync("s1", "127.0.0.1:1@1");

        // A majority has the row; what follows is about voters that all had it.
        foreach (var name in (string[])["s1", "s2", "s3"])
        {
            await Until.TrueAsync(() => _cluster[name].Voter?.Latest is { HasLeader: true, View.Rows.Count: 1 }, $"{name} has the row");
        }
    }

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        output.WriteLine(_cluster.Log.ToString());
        _limit.Dispose();
    }

    [Fact]
    public async Task A_voter_whose_directory_was_wiped_votes_again_once_it_is_replaced_by_itself()
    {
        await _cluster.StopAsync("s1");
        _cluster.Stores.Wipe("s1");
        await _cluster.StartAsync("s1");
        await Until.TrueAsync(() => _cluster["s1"].Voter!.Trouble.Contains("ReplaceVoterAsync", StringComparison.Ordinal), "s1 says what is to be done");
        await ReplaceAsync("s2", "s1", "s1");

        Assert.Equal([2, 3, 4], (await VotersAsync("s3")).Select(voter => voter.Replica));
        await _cluster.StopAsync("s2");
        await InsertAsync("s1", "127.0.0.1:2@2");
        Assert.Equal(2, (await ReadAsync("s3")).Rows.Count);

        // The same again does nothing more; the store of the first life could come back and would not be let in.
        await _cluster.StartAsync("s2");
        await Assert.ThrowsAsync<TableUnavailableException>(() => ReplaceAsync("s2", "s1", "s1"));
        Assert.Equal([2, 3, 4], (await VotersAsync("s3")).Select(voter => voter.Replica));
    }

    [Fact]
    public async Task All_voters_are_replaced_one_by_one_while_writes_go_on_and_the_group_restarts_without_the_old_ones()
    {
        string[] gone = ["s1", "s2", "s3"];
        string[] come = ["s4", "s5", "s6"];
        var leftOver = (await ReadAsync("s1")).Version;
        for (var i = 0; i < gone.Length; i++)
        {
            _cluster.Add(come[i]);
            string[] voters = [.. come[..(i + 1)], .. gone[(i + 1)..]];
            await _cluster.StartAsync(come[i], voters.ToDictionary(name => name, _cluster.AddressOf));

            // Asked of the one that is to go, too: it may be the leader.
            await ReplaceAsync(gone[i], gone[i], come[i]);
            await InsertAsync(come[i], $"127.0.0.1:{i + 2}@1");
            await _cluster.StopAsync(gone[i]);
        }

        Assert.Equal(come, (await VotersAsync("s4")).Select(voter => voter.Name));
        foreach (var name in come)
        {
            await _cluster.StopAsync(name);
            _cluster.Move(name);
        }

        // All at new addresses, which configuration tells; those that are recorded are dead, and those of voters that are gone, too.
        await Task.WhenAll(come.Select(name => _cluster.StartAsync(name, Known(come))));
        var view = await ReadAsync("s6");
        Assert.Equal((4, leftOver + 3), (view.Rows.Count, view.Version));
    }

    [Fact]
    public async Task A_voter_that_was_replaced_while_it_was_away_gives_clients_no_old_table_once_they_know_of_others()
    {
        await _cluster.StopAsync("s1");
        _cluster.Add("s4");
        await _cluster.StartAsync("s4", Known("s2", "s3", "s4"));
        await ReplaceAsync("s2", "s1", "s4");
        await InsertAsync("s2", "127.0.0.1:2@2");
        await _cluster.StartAsync("s1", Known("s1", "s2", "s3"));
        var old = _cluster["s1"].Voter!;
        await Until.TrueAsync(() => old.Latest is not null, "the old voter runs");
        Assert.Single(old.Latest!.View.Rows);
        var answer = await old.AskAsync(FrameKind.Read, new[] { (byte)ReadMode.Local }, _limit.Token);
        Assert.Equal(AnswerStatus.NotReady, answer.Status);

        // Configured with the old voter alone: its table names the others, and from then on they are asked.
        var client = await _cluster.ClientAsync(voters: Known("s1"));
        await Until.TrueAsync(
            async () =>
            {
                var view = (await client.Client.ReadAsync(false, _limit.Token)).View;
                client.Learn(view);
                return view.Rows.Count == 2;
            },
            "the client sees the present table");
    }

    [Fact]
    public async Task Without_a_majority_clients_still_find_gateways()
    {
        await _cluster.StopAsync("s1");
        await _cluster.StopAsync("s2");
        await Until.TrueAsync(() => _cluster["s3"].Voter!.Latest is { HasLeader: false }, "the last voter has no leader");
        var client = await _cluster.ClientAsync();
        Assert.Single((await client.Client.ReadAsync(false, _limit.Token)).View.Rows);
    }

    [Fact]
    public async Task Who_cannot_take_the_place_is_refused_and_the_reason_is_said()
    {
        Assert.Contains("a voter already", await RefusedAsync("s1", "s2"), StringComparison.Ordinal);
        Assert.Contains("s1", await RefusedAsync("s1", "s1"), StringComparison.Ordinal);
        var unknown = await Assert.ThrowsAsync<ArgumentException>(() => ReplaceAsync("s2", "s9", "s1"));
        Assert.Contains("'s9' is no voter; voters are s1, s2, s3", unknown.Message, StringComparison.Ordinal);
        var noAddress = await Assert.ThrowsAsync<ArgumentException>(
            () => new RaftClusteringManagement(_cluster["s2"]).ReplaceVoterAsync("s1", "s4", "nowhere", _limit.Token));
        Assert.Contains("host:port", noAddress.Message, StringComparison.Ordinal);

        // Nobody is there: it waits, and the caller's limit ends it with what it waits for.
        using var shortly = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        var nobody = await Assert.ThrowsAsync<TableUnavailableException>(
            () => new RaftClusteringManagement(_cluster["s2"]).ReplaceVoterAsync("s1", "s4", $"127.0.0.1:{VoterCluster.FreePort()}", shortly.Token));
        Assert.Contains("s4 is not connected", nobody.Message, StringComparison.Ordinal);
        Assert.Equal([1, 2, 3], (await VotersAsync("s3")).Select(voter => voter.Replica));
    }

    private async Task<string> RefusedAsync(string name, string by) =>
        (await Assert.ThrowsAsync<TableUnavailableException>(() => ReplaceAsync("s3", name, by))).Message;

    private Dictionary<string, string> Known(params string[] names) => names.ToDictionary(name => name, _cluster.AddressOf);

    private Task ReplaceAsync(string at, string name, string by) =>
        new RaftClusteringManagement(_cluster[at]).ReplaceVoterAsync(name, by, _cluster.AddressOf(by), _limit.Token);

    private Task<IReadOnlyList<RaftClusteringVoter>> VotersAsync(string at) => new RaftClusteringManagement(_cluster[at]).GetVotersAsync(_limit.Token);

    private async Task<TableView> ReadAsync(string at) => (await _cluster[at].Client.ReadAsync(true, _limit.Token)).View;

    private async Task InsertAsync(string at, string silo)
    {
        var view = await ReadAsync(at);
        var insert = new TableCommand
        {
            Kind = TableCommandKind.Insert, Row = new SiloRow { Silo = silo, Status = 3 }, Version = view.Version + 1, VersionETag = view.VersionETag,
        };
        Assert.Equal(TableResult.Done, await _cluster[at].Client.ChangeAsync(insert, _limit.Token));
    }
}
