using Orleans.Raft.Storage.Clustering;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Storage.Tests.Clustering;

/// <summary>Lives of a voter's directory that must not take part (SAFETY-RULES A7): counted the same, or counted on beside the one that runs.</summary>
public sealed class VoterLifeTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly VoterCluster _cluster = new(3);

    public async Task InitializeAsync()
    {
        await _cluster.StartAllAsync();
        await _cluster["s1"].Client.ReadAsync(true, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        output.WriteLine(_cluster.Log.ToString());
    }

    [Fact]
    public async Task A_backup_of_the_life_before_the_last_counts_as_many_openings_and_is_not_let_in_all_the_same()
    {
        await _cluster.StopAsync("s3");
        await _cluster.StartAsync("s3");
        var last = _cluster["s3"].Voter!.Self.OpenCounter;
        await Until.TrueAsync(() => _cluster["s1"].Voter!.Latest!.View.Voters[3].OpenCounter == last, "the start is logged");
        await _cluster.StopAsync("s3");
        _cluster.Stores.TurnBack("s3", last - 1);
        await _cluster.StartAsync("s3");
        Assert.Equal(last, _cluster["s3"].Voter!.Self.OpenCounter);
        await Until.TrueAsync(
            () => _cluster.Log.Warnings.Any(static line => line.Contains("was refused", StringComparison.Ordinal) && line.Contains("restored or copied", StringComparison.Ordinal)),
            "it is not let in");
        await Until.TrueAsync(() => _cluster["s3"].Voter!.Trouble.Contains("restored or copied", StringComparison.Ordinal), "it notices itself");
    }

    [Fact]
    public async Task A_copy_that_is_started_beside_the_original_is_not_let_in_and_does_not_shut_the_original_out()
    {
        var leader = _cluster.Leader.Name;
        var follower = _cluster.Names.First(name => name != leader);
        var original = _cluster[follower].Voter!.Self;
        await Until.TrueAsync(() => _cluster[leader].Voter!.Latest!.View.Voters.Values.Any(voter => voter.Store == original.Store && voter.OpenCounter > 0), "its start is logged");
        var copy = original with { OpenCounter = original.OpenCounter + 1 };
        await using var link = new Link(leader, new Handshake("test", "secret", () => copy), _ => [_cluster.AddressOf(leader)], null, TimeProvider.System, _cluster.Log);
        link.Start();
        await Until.TrueAsync(() => link.Trouble.Contains("still answers at its address", StringComparison.Ordinal), "the copy is refused");
        Assert.Equal("", _cluster[follower].Voter!.Trouble);
        await using var again = new Link(leader, new Handshake("test", "secret", () => original), _ => [_cluster.AddressOf(leader)], null, TimeProvider.System, _cluster.Log);
        again.Start();
        await Until.TrueAsync(() => again.Peer is not null, "the original is let in once more");
    }
}
