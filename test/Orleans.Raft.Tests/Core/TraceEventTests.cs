using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core;

/// <summary>What a node tells of its decisions, and what that costs.</summary>
public sealed class TraceEventTests
{
    private static readonly ReplicaId One = new(1);
    private static readonly ReplicaId Two = new(2);

    [Fact]
    public void An_election_and_a_commit_are_told_in_order()
    {
        var node = Node(isTraced: true);
        node.Campaign(default);
        node.Ready();
        node.Step(Message.VoteAnswer(One, One, 1, granted: true), default);
        node.Step(Message.VoteAnswer(Two, One, 1, granted: true), default);
        node.Step(Message.AppendAccepted(One, One, 1, 1), default);
        node.Step(Message.AppendAccepted(Two, One, 1, 1), default);
        Assert.Equal(
            [
                "is Follower in term 0, leader None",
                "is Candidate in term 1, leader None",
                "is Leader in term 1, leader 1",
                "knows leader 1 in term 1",
                "sends to 2 by Replicate, match 1",
                "knows 1 to be committed",
            ],
            Take(node));
    }

    [Fact]
    public void Refusals_votes_and_faults_are_told()
    {
        var node = Node(isTraced: true);
        node.Step(Message.RequestVote(Two, One, 5, new EntryId(4, 4)), default);
        node.ForgetLeader();
        node.Campaign(default);
        node.Step(Message.RequestVote(Two, One, 6, new EntryId(4, 4)), default);
        node.Step(Message.Heartbeat(Two, One, 7, commit: 9, round: 1), default);
        Assert.Equal(
            [
                "is Follower in term 0, leader None",
                "is Follower in term 5, leader None",
                "grants 2 with 4/4 its vote",
                "is Candidate in term 6, leader None",
                "refuses 2 with 4/4 its vote",
                "is Follower in term 7, leader 2",
                "has faulted",
            ],
            Take(node));
    }

    [Fact]
    public void Nothing_is_kept_unless_somebody_wants_it()
    {
        var node = Node(isTraced: false);
        node.Campaign(default);
        Assert.Empty(Take(node));
    }

    [Fact]
    public void Of_decisions_that_nobody_takes_the_latest_are_kept()
    {
        var node = Node(isTraced: true);
        for (var term = 1; term <= 3_000; term++)
        {
            node.Step(Message.RequestVote(Two, One, term, default), default);
        }

        var told = Take(node);
        Assert.Equal(1_024, told.Count);
        Assert.Equal("is Follower in term 3000, leader None", told[^2]);
    }

    [Fact]
    public void Telling_allocates_nothing_in_the_steady_state()
    {
        var loop = new CoreLoop(config => config with { IsTraced = true });
        Run(loop, 5_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run(loop, 5_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(loop.Leader.TryTakeTrace(out _));
    }

    [Fact]
    public void Everything_public_in_Core_is_experimental()
    {
        var types = typeof(RaftNode).Assembly.GetExportedTypes().Where(type => type.Namespace == "Orleans.Raft.Core" && !type.IsNested).ToList();
        Assert.True(types.Count > 30);
        Assert.DoesNotContain(types, type => type.GetCustomAttribute<ExperimentalAttribute>()?.DiagnosticId != "ORLEANSRAFT001");
    }

    private static RaftNode Node(bool isTraced) =>
        new(new RaftConfig { Id = One, AsyncStorageWrites = true, IsTraced = isTraced }, new MemoryLogStorage(ConfState.Of([One, Two])));

    private static List<string> Take(RaftNode node)
    {
        var told = new List<string>();
        while (node.TryTakeTrace(out var traced))
        {
            told.Add(traced.ToString());
        }

        return told;
    }

    private static void Run(CoreLoop loop, int entries)
    {
        for (var done = 0; done < entries; done++)
        {
            loop.Commit(1, new ReadOnlyMemory<byte>([]));
            loop.Compact(1_000);
        }
    }
}
