using Orleans.Raft.Core;
using Xunit;
using static Orleans.Raft.Tests.Core.Paper.PaperMessages;

namespace Orleans.Raft.Tests.Core.Paper;

/// <summary>Raft §5.3, §5.5 and figure 2, AppendEntries and "Leaders".</summary>
public sealed class ReplicationTests
{
    private static readonly long[] Three = [1, 2, 3];

    [Fact]
    public void The_leader_appends_a_command_to_its_log_and_sends_it_to_all_others_in_parallel()
    {
        var network = Network.LedBy1(3);
        network[1].Propose("a");
        var sent = network[1].Work().Where(message => message.Type is MessageType.MsgApp).ToArray();
        Assert.Equal(2, network[1].LastIndex);
        Assert.Equal([2, 3], sent.Select(message => message.To.Value));
        Assert.All(sent, message => Assert.Equal((new EntryId(1, 1), 2), (new EntryId(message.LogTerm, message.Index), Assert.Single(message.Entries).Index)));
    }

    [Theory]
    [InlineData(1, 0, true)]
    [InlineData(3, 0, false)]
    [InlineData(3, 1, true)]
    [InlineData(5, 1, false)]
    [InlineData(5, 2, true)]
    public void An_entry_is_committed_once_a_majority_has_it(int size, int followers, bool committed)
    {
        var network = Network.LedBy1(size);
        network.Loses = message => message.Type is MessageType.MsgApp && message.To.Value > 1 + followers;
        network.Propose(1, "a");
        Assert.Equal(committed ? 2 : 1, network[1].Node.Committed);
        Assert.Equal(committed ? "a" : "", network[1].AppliedText);
    }

    [Fact]
    public void Followers_learn_the_commit_index_by_later_messages_and_apply_in_log_order()
    {
        var network = Network.LedBy1(3);
        network.Loses = message => message.Type is MessageType.MsgApp && message.Entries.Count == 0;
        network.Propose(1, "a");
        Assert.Equal("", network[2].AppliedText);
        network.Loses = _ => false;
        network.Tick(1, 1);
        Assert.Equal("a", network[2].AppliedText);
        network.Propose(1, "b");
        network.Tick(1, 1);
        Assert.All(network.Replicas, replica => Assert.Equal("a b", replica.AppliedText));
    }

    [Fact]
    public void A_leader_commits_all_preceding_entries_with_one_of_its_own_term()
    {
        var leader = Replica.WithLog(1, Three, [1, 2], term: 2);
        var network = new Network(leader, Replica.WithLog(2, Three, [1]), Replica.WithLog(3, Three, []));
        network.Elect(1);
        Assert.Equal(3, leader.Node.Committed);
        Assert.All(network.Replicas, replica => Assert.Equal("1 2 3", replica.Terms));
        Assert.Equal([1, 2, 3], leader.Applied.Select(entry => entry.Index));
    }

    [Theory]
    [InlineData(2, 2, true)]
    [InlineData(1, 1, true)]
    [InlineData(0, 0, true)]
    [InlineData(1, 2, false)]
    [InlineData(3, 3, false)]
    public void A_follower_refuses_entries_if_its_log_has_no_entry_at_the_previous_index_with_the_previous_term(long term, long index, bool accepted)
    {
        var replica = Replica.WithLog(1, Three, [1, 2], term: 2);
        var answer = Assert.Single(replica.Receive(AppendEntries(2, 1, 3, new EntryId(term, index), 0)));
        Assert.Equal((MessageType.MsgAppResp, !accepted), (answer.Type, answer.Reject));
    }

    [Theory]
    [InlineData(2, 2, new long[] { 3 }, "1 2 3")] // appended
    [InlineData(1, 1, new long[] { 3, 4 }, "1 3 4")] // a conflict deletes the entry and all that follow it
    [InlineData(0, 0, new long[] { 1 }, "1 2")] // what is there already is not truncated
    [InlineData(0, 0, new long[] { 3 }, "3")]
    [InlineData(1, 1, new long[] { 2 }, "1 2")]
    [InlineData(1, 1, new long[] { 2, 4 }, "1 2 4")]
    public void A_follower_makes_its_log_that_of_the_leader(long term, long index, long[] terms, string expected)
    {
        var replica = Replica.WithLog(1, Three, [1, 2], term: 2);
        var entries = terms.Select((entryTerm, i) => Replica.Entry(entryTerm, index + 1 + i)).ToArray();
        var answer = Assert.Single(replica.Receive(AppendEntries(2, 1, 4, new EntryId(term, index), 0, entries)));
        Assert.Equal(expected, replica.Terms);
        Assert.Equal((false, index + terms.Length), (answer.Reject, answer.Index));
    }

    [Theory]
    [InlineData(1, 3, 1)]
    [InlineData(2, 3, 2)]
    [InlineData(3, 3, 3)]
    [InlineData(9, 3, 3)] // not beyond the last new entry
    [InlineData(9, 2, 2)] // what follows it here may not be in the leader's log
    public void A_follower_sets_its_commit_index_to_the_lesser_of_the_leaders_and_the_last_new_entry(long leaderCommit, int entries, long expected)
    {
        var replica = Replica.WithLog(1, Three, [1, 1, 1]);
        replica.Receive(AppendEntries(2, 1, 1, default, leaderCommit, [.. Enumerable.Range(1, entries).Select(index => Replica.Entry(1, index))]));
        Assert.Equal(expected, replica.Node.Committed);
        Assert.Equal(expected, replica.Applied.Count);
    }

    [Theory]
    [InlineData(new long[] { 1, 1, 1, 4, 4, 5, 5, 6, 6 })] // a: misses an entry
    [InlineData(new long[] { 1, 1, 1, 4 })] // b
    [InlineData(new long[] { 1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6 })] // c: has an extra uncommitted entry
    [InlineData(new long[] { 1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7 })] // d
    [InlineData(new long[] { 1, 1, 1, 4, 4, 4, 4 })] // e: both
    [InlineData(new long[] { 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3 })] // f
    public void The_leader_brings_the_logs_of_figure_7_into_consistency_with_its_own(long[] followerLog)
    {
        var leader = Replica.WithLog(1, Three, [1, 1, 1, 4, 4, 5, 5, 6, 6, 6], term: 7);
        var follower = Replica.WithLog(2, Three, followerLog, term: 7);
        // The third server votes where the second's log is the newer one.
        var network = new Network(leader, follower, Replica.WithLog(3, Three, [], term: 7));
        network.Elect(1);
        network.Propose(1, "new");
        Assert.Equal("1 1 1 4 4 5 5 6 6 6 8 8", leader.Terms);
        Assert.Equal(leader.Terms, follower.Terms);
        Assert.Equal("new", leader.AppliedText.Split(' ')[^1]);
    }

    [Theory]
    [InlineData(3, 9, 3, 5)] // its log ends before
    [InlineData(4, 5, 3, 5)] // another entry, of a term that may agree further down
    [InlineData(2, 5, 1, 3)] // no entry of term 3 can be in a log that has term 2 behind it
    public void A_refusal_names_the_last_entry_that_may_agree_and_its_term(long term, long index, long hintTerm, long hintIndex)
    {
        var replica = Replica.WithLog(1, Three, [1, 1, 1, 3, 3]);
        var answer = Assert.Single(replica.Receive(AppendEntries(2, 1, 5, new EntryId(term, index), 0)));
        Assert.Equal((true, index), (answer.Reject, answer.Index));
        Assert.Equal(new EntryId(hintTerm, hintIndex), new EntryId(answer.LogTerm, answer.RejectHint));
    }

    [Fact]
    public void A_rejection_skips_all_entries_of_a_term_at_once()
    {
        var network = new Network(
            Replica.WithLog(1, Three, [1, .. Enumerable.Repeat(5L, 50)]),
            Replica.WithLog(2, Three, [1, .. Enumerable.Repeat(3L, 80)], term: 5),
            Replica.WithLog(3, Three, [1], term: 5));
        network.Post(network[1].Campaign());
        network.Deliver();
        var probes = network.SentOf(MessageType.MsgAppResp).Count(message => message.From.Value == 2 && message.Reject);
        Assert.Equal(network[1].Terms, network[2].Terms);
        Assert.InRange(probes, 1, 2);
    }

    [Fact]
    public void A_leader_never_overwrites_or_deletes_entries_of_its_own_log()
    {
        var network = Network.LedBy1(3);
        network.Isolate(1);
        network.Propose(1, "a");
        network.Propose(1, "b");
        var before = network[1].Log().Select(entry => entry.Id).ToArray();
        network.Heal();
        network.Tick(5, 1);
        network.Propose(1, "c");
        Assert.Equal(before, network[1].Log().Select(entry => entry.Id).Take(before.Length));
        Assert.All(network.Replicas, replica => Assert.Equal("a b c", replica.AppliedText));
    }

    [Fact]
    public void The_leader_repeats_what_was_lost_until_every_follower_has_it()
    {
        var network = Network.LedBy1(3);
        network.Isolate(3);
        network.Propose(1, "a");
        network.Propose(1, "b");
        Assert.Equal("a b", network[1].AppliedText);
        network.Heal();
        network.Tick(3, 1);
        Assert.Equal("a b", network[3].AppliedText);
    }

    [Fact]
    public void A_repeated_AppendEntries_changes_nothing()
    {
        var replica = Replica.WithLog(1, Three, []);
        var append = AppendEntries(2, 1, 1, default, 2, Replica.Entry(1, 1), Replica.Entry(1, 2));
        var first = Assert.Single(replica.Receive(append));
        var second = Assert.Single(replica.Receive(append));
        Assert.Equal((first.Index, false), (second.Index, second.Reject));
        Assert.Equal("1 1", replica.Terms);
        Assert.Equal(2, replica.Applied.Count);
    }

    [Fact]
    public void An_old_and_shorter_AppendEntries_that_arrives_late_deletes_nothing()
    {
        var replica = Replica.WithLog(1, Three, []);
        replica.Receive(AppendEntries(2, 1, 1, default, 0, Replica.Entry(1, 1), Replica.Entry(1, 2)));
        replica.Receive(AppendEntries(2, 1, 1, default, 0, Replica.Entry(1, 1)));
        Assert.Equal("1 1", replica.Terms);
    }

    [Fact]
    public void A_follower_that_crashed_before_answering_gets_the_same_request_again_after_its_restart()
    {
        var network = Network.LedBy1(3);
        network.Isolate(3);
        network.Propose(1, "a");
        network[3].Restart();
        network.Heal();
        network.Tick(3, 1);
        Assert.Equal("a", network[3].AppliedText);
    }

    [Fact]
    public void If_two_entries_have_the_same_index_and_term_the_logs_are_identical_up_to_them()
    {
        var network = Network.LedBy1(5);
        var random = new Random(5);
        for (var round = 0; round < 30; round++)
        {
            network.Heal();
            network.Isolate(random.Next(1, 6));
            network.Isolate(random.Next(1, 6));
            network.TickUntil(() => network.Replicas.Any(replica => replica.Role is RaftRole.Leader), "An election");
            foreach (var leader in network.Replicas.Where(replica => replica.Role is RaftRole.Leader).ToArray())
            {
                network.Propose(leader.Id, $"{round}");
            }

            AssertLogsMatch(network);
        }
    }

    private static void AssertLogsMatch(Network network)
    {
        var logs = network.Replicas.Select(replica => replica.Log()).ToArray();
        foreach (var left in logs)
        {
            foreach (var right in logs)
            {
                var last = left.Zip(right).Select((pair, i) => (pair, i)).LastOrDefault(item => item.pair.First.Id == item.pair.Second.Id).i;
                Assert.All(
                    left.Zip(right).Take(last + 1),
                    pair => Assert.Equal((pair.First.Id, Convert.ToHexString(pair.First.Data.Span)), (pair.Second.Id, Convert.ToHexString(pair.Second.Data.Span))));
            }
        }
    }
}
