using Orleans.Raft.Core;
using Xunit;
using static Orleans.Raft.Tests.Core.Paper.PaperMessages;

namespace Orleans.Raft.Tests.Core.Paper;

/// <summary>Raft §7 and figure 13.</summary>
public sealed class SnapshotTests
{
    private static readonly long[] Three = [1, 2, 3];
    private static readonly ConfState Voters = ConfState.Of([new(1), new(2), new(3)]);

    [Fact]
    public void A_leader_that_discarded_the_next_entry_of_a_follower_sends_its_snapshot_and_then_goes_on_with_entries()
    {
        var network = Network.LedBy1(3);
        network.Isolate(3);
        network.Propose(1, "a");
        network.Propose(1, "b");
        var snapshot = network[1].Compact(Voters);
        network.Heal();
        network.Tick(3, 1);
        Assert.Equal(snapshot.Id.Index, network[3].Node.Committed);
        Assert.Single(network.SentOf(MessageType.MsgSnap));
        network.Propose(1, "c");
        network.Tick(2, 1);
        Assert.Equal("a b c", network[3].AppliedText);
        Assert.Equal(network[1].Node.Committed, network[3].Node.Committed);
    }

    [Fact]
    public void A_snapshot_with_a_stale_term_is_refused()
    {
        var replica = Replica.WithLog(1, Three, [1], term: 5);
        replica.Receive(InstallSnapshot(2, 1, 4, new Snapshot(new EntryId(4, 10), Voters, default)));
        Assert.Equal("1", replica.Terms);
        Assert.Equal(0, replica.Node.Committed);
    }

    [Fact]
    public void A_snapshot_replaces_a_log_that_it_contradicts()
    {
        var replica = Replica.WithLog(1, Three, [1, 1, 2, 2], term: 2);
        var answer = Assert.Single(replica.Receive(InstallSnapshot(2, 1, 3, new Snapshot(new EntryId(3, 3), Voters, "s"u8.ToArray()))));
        Assert.Equal((MessageType.MsgAppResp, 3, false), (answer.Type, answer.Index, answer.Reject));
        Assert.Empty(replica.Log());
        Assert.Equal(3, replica.Node.Committed);
        Assert.Equal("s", replica.AppliedText);
    }

    [Fact]
    public void A_snapshot_that_describes_a_prefix_of_the_log_keeps_the_entries_after_it()
    {
        var replica = Replica.WithLog(1, Three, [1, 1, 1]);
        replica.Receive(InstallSnapshot(2, 1, 1, new Snapshot(new EntryId(1, 2), Voters, default)));
        Assert.Equal("1 1 1", replica.Terms);
        Assert.Equal(2, replica.Node.Committed);
    }

    [Fact]
    public void A_snapshot_whose_configuration_does_not_name_the_server_is_not_restored()
    {
        var replica = Replica.WithLog(1, Three, [1]);
        var answer = Assert.Single(replica.Receive(InstallSnapshot(2, 1, 1, new Snapshot(new EntryId(1, 5), ConfState.Of([new(2), new(3)]), default))));
        Assert.Equal((MessageType.MsgAppResp, 0), (answer.Type, answer.Index));
        Assert.Equal("1", replica.Terms);
    }

    [Fact]
    public void A_snapshot_behind_the_commit_index_is_answered_with_the_commit_index()
    {
        var replica = Replica.WithLog(1, Three, [1, 1, 1], commit: 3);
        replica.Work();
        var answer = Assert.Single(replica.Receive(InstallSnapshot(2, 1, 1, new Snapshot(new EntryId(1, 2), Voters, default))));
        Assert.Equal((MessageType.MsgAppResp, 3), (answer.Type, answer.Index));
        Assert.Equal("1 1 1", replica.Terms);
    }

    [Fact]
    public void Last_included_index_and_term_serve_the_consistency_check_of_the_first_entry_after_them()
    {
        var replica = Replica.WithLog(1, Three, []);
        replica.Receive(InstallSnapshot(2, 1, 4, new Snapshot(new EntryId(3, 10), Voters, default)));
        Assert.True(Assert.Single(replica.Receive(AppendEntries(2, 1, 4, new EntryId(3, 11), 0, Replica.Entry(4, 12)))).Reject);
        Assert.False(Assert.Single(replica.Receive(AppendEntries(2, 1, 4, new EntryId(3, 10), 0, Replica.Entry(4, 11)))).Reject);
        Assert.Equal("4", replica.Terms);
    }

    [Fact]
    public void A_snapshot_carries_the_latest_configuration()
    {
        var replica = new Replica(Replica.Config(4), new MemoryLogStorage());
        replica.Receive(InstallSnapshot(1, 4, 2, new Snapshot(new EntryId(2, 5), ConfState.Of([new(1), new(2), new(4)]), default)));
        replica.TickUntilCampaign();
        Assert.Equal(RaftRole.Candidate, replica.Role);
    }

    [Fact]
    public void While_a_snapshot_is_under_way_no_entries_are_sent_and_a_failure_lets_the_leader_try_again()
    {
        var network = Network.LedBy1(3);
        network.Isolate(3);
        network.Propose(1, "a");
        network[1].Compact(Voters);
        network.Heal();
        network.Loses = message => message.Type is MessageType.MsgSnap;
        network.Tick(2, 1);
        network.Forget();
        network.Propose(1, "b");
        Assert.DoesNotContain(network.Sent, message => message.To.Value == 3 && message.Type is MessageType.MsgApp);
        network.Loses = _ => false;
        network[1].Node.ReportSnapshot(new ReplicaId(3), succeeded: false);
        network.Tick(3, 1);
        network.Tick(2, 1);
        Assert.Equal(network[1].Node.Committed, network[3].Node.Committed);
    }
}
