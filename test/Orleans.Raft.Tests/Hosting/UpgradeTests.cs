using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

/// <summary>Entries that only newer binaries know (SAFETY-RULES B13): here all three replicas are too old for one.</summary>
public sealed class UpgradeTests
{
    private readonly MiniCluster _cluster = new();

    [Fact]
    public void A_replica_that_meets_a_newer_format_stops_applying_and_says_upgrade_without_a_fault()
    {
        var index = AppendNewer();

        for (var silo = 1; silo <= 3; silo++)
        {
            var replica = _cluster.Silos[silo].Replica!;
            Assert.Null(replica.Fault);
            Assert.Contains("must be upgraded", replica.WhyNotReady(maxLag: 1_000), StringComparison.Ordinal);
            Assert.Equal(2, _cluster.Machines[silo].Sum);
        }

        // It goes on storing and voting: who was upgraded needs its majority.
        var later = CommandCodec.Encode([new Command(1, 1, 1, SumMachine.Bytes(1))]);
        _cluster.TickUntil(() => _cluster.Leader is { } leader && _cluster.Ask(leader, node => node.Propose(later, TimeSpan.FromHours(2))).IsAccepted);
        _cluster.TickUntil(() => Enumerable.Range(1, 3).All(silo => _cluster.Ask(silo, node => node.Committed) > index));
        Assert.All(Enumerable.Range(1, 3), silo => Assert.Equal(2, _cluster.Machines[silo].Sum));
    }

    [Fact]
    public void Callers_of_a_group_that_must_be_upgraded_are_told_that_nothing_was_done()
    {
        AppendNewer();
        Assert.Throws<RaftUnavailableException>(() => _cluster.Finish(_cluster.AddAsync(1, 1)));
        Assert.Throws<RaftUnavailableException>(() => _cluster.Finish(_cluster.ReadAsync(2)));
    }

    [Fact]
    public void A_restarted_replica_stops_at_the_same_entry_again()
    {
        AppendNewer();
        for (var silo = 1; silo <= 3; silo++)
        {
            _cluster.Restart(silo);
        }

        _cluster.TickUntil(() => Enumerable.Range(1, 3).All(silo => _cluster.Silos[silo].Replica!.WhyNotReady(1_000)?.Contains("must be upgraded", StringComparison.Ordinal) == true));
        Assert.All(Enumerable.Range(1, 3), silo => Assert.Equal(2, _cluster.Machines[silo].Sum));
    }

    // Two writes, and then what a newer leader would append, in one burst with a write before and one after it.
    private long AppendNewer()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        _cluster.Finish(_cluster.AddAsync(1, 1));
        _cluster.TickUntil(() => _cluster.Leader is not null);
        var leader = _cluster.Leader!.Value;
        Assert.True(_cluster.Ask(leader, node => node.Propose(new WireBuilder().Number(1, CommandCodec.Format + 1).ToArray(), TimeSpan.FromHours(2))).IsAccepted);
        var index = _cluster.Ask(leader, node => node.LastIndex);
        _cluster.TickUntil(() => Enumerable.Range(1, 3).All(silo => _cluster.Ask(silo, node => node.Committed) >= index));
        return index;
    }
}
