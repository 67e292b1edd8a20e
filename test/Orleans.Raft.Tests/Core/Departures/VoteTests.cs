using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core.Departures;

/// <summary>Departure: requests for votes wait for the disk (SAFETY-RULES A8).</summary>
public sealed class VoteTests
{
    /// <summary>
    /// A candidate gets the votes of the two others before its own disk has anything, leads, sends an entry to one of them, and loses power. Its new life
    /// knows nothing of the term, campaigns in it again and is voted for again by the other one: without the rule it would lead the same term with
    /// another entry at the same place. Pre-vote does not help, as the vote is repeated to the same candidate.
    /// </summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public void A_candidate_that_loses_power_never_leads_one_term_twice(bool waits, bool preVote)
    {
        var cluster = new NodeCluster(3, config => config with { VoteRequestsWaitForDisk = waits, PreVote = preVote })
        {
            IsDiskStalled = id => id == 1,
        };
        cluster.IsLost = message => message.To.Value == 3 && message.Type is MessageType.MsgApp;
        var firstTerm = Lead(cluster, "first");
        cluster.CrashAndRestart(1);
        cluster.IsDiskStalled = _ => false;
        cluster.IsLost = message => message.To.Value == 2 || message.From.Value == 2;
        var secondTerm = Lead(cluster, "second");

        // The hazard is real where the rule is off; that is what this test is worth.
        Assert.Equal(waits, firstTerm == 0 || firstTerm != secondTerm);
    }

    private static long Lead(NodeCluster cluster, string command)
    {
        // While its disk is stalled node 1's own vote does not come; the two others decide without it.
        cluster[1].Campaign(cluster.Now);
        cluster.Settle();
        if (cluster[1].Role is not RaftRole.Leader)
        {
            return 0;
        }

        cluster[1].Propose(System.Text.Encoding.ASCII.GetBytes(command), cluster.Now);
        cluster.Settle();
        return cluster[1].Term;
    }
}
