using Orleans.Raft.Core;
using Xunit;
using static Orleans.Raft.Tests.Core.Paper.PaperMessages;

namespace Orleans.Raft.Tests.Core.Paper;

/// <summary>Raft §5.4 and figure 3.</summary>
public sealed class SafetyTests
{
    private static readonly long[] Three = [1, 2, 3];

    [Theory]
    [InlineData(new long[] { 1 }, 1, 1, true)]
    [InlineData(new long[] { 1 }, 1, 2, true)]
    [InlineData(new long[] { 1, 1 }, 1, 1, false)]
    [InlineData(new long[] { 1 }, 2, 1, true)]
    [InlineData(new long[] { 1, 1 }, 2, 1, true)]
    [InlineData(new long[] { 2 }, 1, 1, false)]
    [InlineData(new long[] { 2 }, 1, 9, false)]
    [InlineData(new long[] { 1, 2 }, 1, 1, false)]
    public void A_voter_denies_its_vote_if_its_own_log_is_more_up_to_date(long[] log, long candidateTerm, long candidateIndex, bool granted)
    {
        var replica = Replica.WithLog(1, Three, log);
        var answer = Assert.Single(replica.Receive(RequestVote(2, 1, 3, new EntryId(candidateTerm, candidateIndex))));
        Assert.Equal((MessageType.MsgVoteResp, !granted), (answer.Type, answer.Reject));
    }

    [Fact]
    public void A_candidate_without_a_committed_entry_cannot_win()
    {
        var network = Network.LedBy1(3);
        network.Isolate(3);
        network.Propose(1, "a");
        network.Heal();
        network.Isolate(1);
        network.Post(network[3].Campaign());
        network.Deliver();
        Assert.NotEqual(RaftRole.Leader, network[3].Role);
        network.Post(network[2].Campaign());
        network.Deliver();
        network.Post(network[2].Campaign());
        network.Deliver();
        Assert.Equal(RaftRole.Leader, network[2].Role);
        Assert.Contains(network[2].Log(), entry => entry.Id == new EntryId(1, 2));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void Only_entries_of_the_leaders_current_term_are_committed_by_counting_replicas(long acknowledged, bool committed)
    {
        // Figure 8: entries 1 and 2 are of earlier terms, 3 is the new leader's.
        var leader = Replica.WithLog(1, Three, [1, 2], term: 2);
        leader.Campaign();
        leader.Receive(Vote(2, 1, 3, granted: true));
        leader.Receive(AppendAnswer(2, 1, 3, acknowledged));
        Assert.Equal(committed ? 3 : 0, leader.Node.Committed);
    }

    [Fact]
    public void An_entry_of_an_old_term_that_a_majority_holds_can_still_be_overwritten_and_was_never_applied()
    {
        // Figure 8 (a) to (d) with five servers.
        long[] voters = [1, 2, 3, 4, 5];
        var network = new Network(
            Replica.WithLog(1, voters, [1, 2], term: 4),
            Replica.WithLog(2, voters, [1, 2], term: 4),
            Replica.WithLog(3, voters, [1], term: 4),
            Replica.WithLog(4, voters, [1], term: 4),
            Replica.WithLog(5, voters, [1, 3], term: 4));
        network.Isolate(1, 5);
        // (c): 1 leads again and replicates entry 2 of term 2 to 3, but not its own first entry.
        network.Loses = message => message.Type is MessageType.MsgApp && (message.To.Value != 3 || message.Entries.Any(entry => entry.Term > 4));
        network.Post(network[1].Campaign());
        network.Deliver();
        network[3].Receive(AppendEntries(1, 3, 5, new EntryId(1, 1), 0, Replica.Entry(2, 2)));
        network[1].Receive(AppendAnswer(3, 1, 5, 2));
        Assert.Equal("1 2", network[3].Terms);
        Assert.Equal(0, network[1].Node.Committed);

        // (d): 5 overwrites it everywhere.
        network.Loses = _ => false;
        network.Heal();
        network.Isolate(1);
        network.Post(network[5].Campaign());
        network.Deliver();
        network.Elect(5);
        Assert.StartsWith("1 3", network[3].Terms, StringComparison.Ordinal);
        Assert.DoesNotContain(network.Replicas, replica => replica.Applied.Any(entry => entry.Id == new EntryId(2, 2)));
    }

    [Fact]
    public void The_leader_has_all_committed_entries_of_earlier_terms()
    {
        var network = Network.LedBy1(5);
        var random = new Random(11);
        var committed = new HashSet<EntryId>();
        for (var round = 0; round < 40; round++)
        {
            network.Heal();
            network.Isolate(random.Next(1, 6));
            network.Isolate(random.Next(1, 6));
            network.TickUntil(() => network.Replicas.Any(replica => replica.Role is RaftRole.Leader), "An election");
            var leader = network.Replicas.Where(replica => replica.Role is RaftRole.Leader).MaxBy(replica => replica.Node.Term)!;
            Assert.Empty(committed.Except(leader.Log().Select(entry => entry.Id)));
            network.Propose(leader.Id, $"{round}");
            committed.UnionWith(network.Replicas.SelectMany(replica => replica.Applied).Select(entry => entry.Id));
        }

        Assert.InRange(committed.Count, 20, 1000);
    }

    [Fact]
    public void No_two_servers_ever_apply_different_entries_at_one_index()
    {
        var network = Network.LedBy1(5);
        var random = new Random(13);
        for (var round = 0; round < 40; round++)
        {
            network.Heal();
            network.Isolate(random.Next(1, 6));
            network.Isolate(random.Next(1, 6));
            network.Tick(random.Next(30));
            foreach (var leader in network.Replicas.Where(replica => replica.Role is RaftRole.Leader).ToArray())
            {
                network.Propose(leader.Id, $"{round} by {leader.Id}");
            }

            var applied = network.Replicas.SelectMany(replica => replica.Applied).GroupBy(entry => entry.Index);
            Assert.All(applied, entries => Assert.Single(entries.Select(entry => (entry.Id, Convert.ToHexString(entry.Data.Span))).Distinct()));
        }
    }

    [Fact]
    public void A_new_leader_commits_an_empty_entry_of_its_own_term_first()
    {
        var network = Network.LedBy1(3);
        network.Elect(2);
        var last = network[2].Log()[^1];
        Assert.Equal((2, 2, 0), (last.Term, last.Index, last.Data.Length));
        Assert.Equal(2, network[2].Node.Committed);
    }
}
