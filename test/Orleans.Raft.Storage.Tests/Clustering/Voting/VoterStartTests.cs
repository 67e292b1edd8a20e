using Orleans.Raft.Storage.Clustering;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Storage.Tests.Clustering;

/// <summary>How soon the group is there again after all voters were down, and what the first reader gets.</summary>
public sealed class VoterStartTests(ITestOutputHelper output)
{
    [Fact]
    public async Task After_all_were_down_a_leader_is_found_without_an_election_timeout()
    {
        await using var cluster = new VoterCluster(3);
        await cluster.StartAllAsync();
        await cluster["s1"].Client.ReadAsync(true, CancellationToken.None);
        foreach (var name in cluster.Names)
        {
            await cluster.StopAsync(name);
        }

        // Such a timeout is over after an hour and a half.
        cluster.ElectionTicks = 100_000;
        await cluster.StartAllAsync();
        await Until.TrueAsync(() => cluster.Names.All(name => cluster[name].Voter!.Latest is { HasLeader: true }), "somebody leads, and all know it");
        output.WriteLine(cluster.Log.ToString());
    }

    [Fact]
    public async Task The_first_reader_waits_for_the_starts_of_voters_also_when_it_had_to_wait_for_a_leader()
    {
        var time = new JumpingTime();
        await using var cluster = new VoterCluster(1) { Time = time };
        var node = await cluster.StartAsync("s1");
        await node.Client.ReadAsync(true, CancellationToken.None);
        await Until.TrueAsync(() => node.Voter!.Latest!.View.Voters[1].OpenCounter == 1, "the first start is logged");
        await cluster.StopAsync("s1");

        // Ticks so slow that a reader comes between the leader and the entry that says that it has started.
        cluster.Tick = TimeSpan.FromSeconds(1);
        node = await cluster.StartAsync("s1");
        var initializing = cluster.Table("s1").InitializeMembershipTableAsync(true, CancellationToken.None);
        time.Jump(TimeSpan.FromSeconds(9));
        await initializing;
        Assert.Equal(2, node.Voter!.Self.OpenCounter);
        Assert.Equal(2, node.Voter!.Latest!.View.Voters[1].OpenCounter);
    }

    /// <summary>As if it had taken long; timers run as ever.</summary>
    private sealed class JumpingTime : TimeProvider
    {
        private long _ahead;

        public void Jump(TimeSpan time) => Interlocked.Add(ref _ahead, (long)(time.TotalSeconds * TimestampFrequency));

        public override long GetTimestamp() => base.GetTimestamp() + Volatile.Read(ref _ahead);
    }
}
