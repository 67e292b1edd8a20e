using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core;

/// <summary>
/// A message of a peer alone faults no replica, but where it contradicts what the replica has itself: then one of the two has lost something, and etcd panics too.
/// Every kind of message, with small numbers, from everybody: members, the replica itself, nobody, a stranger, and the local threads' addresses.
/// </summary>
public sealed class StepMalformedTests
{
    private const int Seeds = 4_000;

    // What may fault, by a part of the invariant's message.
    private static readonly string[] Contradictions =
    [
        "Was the log truncated or lost?", // told that more is committed than it holds
        "conflicts with committed=", // told other entries in place of committed ones
        "acknowledges more than this leader's log has", // told that a peer has more than its leader
        "two leaders in one term", // two senders speak as leader of one term
        "second leader", // another speaks as leader in the term that it leads itself
    ];

    private static readonly ReplicaId[] Senders = [new(0), new(1), new(2), new(3), new(9), ReplicaId.AppendThread, ReplicaId.ApplyThread];

    [Theory]
    [InlineData(RaftRole.Follower)]
    [InlineData(RaftRole.PreCandidate)]
    [InlineData(RaftRole.Candidate)]
    [InlineData(RaftRole.Leader)]
    public void A_message_of_a_peer_faults_no_replica_unless_it_contradicts_what_the_replica_has(RaftRole role)
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var random = new Random(seed);
            var (node, log) = InRole(role);
            for (var step = 0; step < 12 && !node.IsFaulted; step++)
            {
                node.Step(AnyMessage(random, node), TimeSpan.FromMilliseconds(step));
                Work(node, log);
            }

            Assert.True(
                node.Fault is not { } fault || Contradictions.Any(text => fault.Message.Contains(text, StringComparison.Ordinal)),
                $"seed={seed} role={role}: {node.Fault}");
        }
    }

    private static (RaftNode Node, MemoryLogStorage Log) InRole(RaftRole role)
    {
        var log = new MemoryLogStorage(ConfState.Of([new(1), new(2), new(3)]));
        log.Append([Entry(1, 1), Entry(1, 2), Entry(2, 3)]);
        log.SetHardState(new HardState(2, default, 2));
        var node = new RaftNode(new RaftConfig { Id = new(1), PreVote = role is RaftRole.PreCandidate, CheckQuorum = true, ExplainRefusals = true }, log);
        if (role is not RaftRole.Follower)
        {
            node.Campaign(default);
            Work(node, log);
        }

        if (role is RaftRole.Leader)
        {
            node.Step(Message.VoteAnswer(new(2), new(1), node.Term, granted: true), default);
            Work(node, log);
        }

        Assert.Equal(role, node.Role);
        return (node, log);
    }

    private static void Work(RaftNode node, MemoryLogStorage log)
    {
        while (node.HasReady)
        {
            var ready = node.Ready();
            if (ready.Snapshot is { } snapshot)
            {
                log.ApplySnapshot(snapshot);
            }

            log.Append(ready.Entries);
            node.Advance(ready);
        }
    }

    private static Message AnyMessage(Random random, RaftNode node)
    {
        var types = Enum.GetValues<MessageType>();
        var from = Senders[random.Next(Senders.Length)];
        var type = types[random.Next(types.Length)];
        if (from.IsLocalThread && type is MessageType.MsgStorageAppendResp or MessageType.MsgStorageApplyResp)
        {
            // What its own threads say is the host's word, and no peer's.
            from = new ReplicaId(2);
        }

        var first = random.Next(0, 6);
        var entries = new List<Entry>();
        for (var i = random.Next(4); i > 0; i--)
        {
            // Mostly one after the other; terms rise, fall, and exceed the message's.
            entries.Add(Entry(random.Next(0, 6), first + entries.Count + (random.Next(10) == 0 ? 2 : 1)));
        }

        return Message.Of(
            type,
            from,
            node.Id,
            Math.Max(0, node.Term + random.Next(-2, 3)),
            new EntryId(random.Next(0, 5), random.Next(8) == 0 ? AnyNumber(random) : first),
            commit: random.Next(12) == 0 ? AnyNumber(random) : random.Next(0, 3),
            reject: random.Next(2) == 0,
            rejectHint: random.Next(4) == 0 ? AnyNumber(random) : random.Next(0, 6),
            context: random.Next(4) == 0 ? AnyNumber(random) : random.Next(0, 3),
            promise: TimeSpan.FromTicks(random.Next(4) == 0 ? AnyNumber(random) : random.Next(100)),
            isCampaignTransfer: random.Next(2) == 0,
            entries: entries,
            snapshot: random.Next(2) == 0 ? null : AnySnapshot(random));
    }

    private static long AnyNumber(Random random) => random.Next(4) switch { 0 => -1, 1 => 0, 2 => long.MaxValue, var other => other };

    private static Snapshot AnySnapshot(Random random) =>
        new(new EntryId(random.Next(0, 9), random.Next(6) == 0 ? AnyNumber(random) : random.Next(0, 9)), ConfState.Of([new(1), new(2), new(3)]), default);

    private static Entry Entry(long term, long index) => new(term, index, EntryType.EntryNormal, new byte[] { 1 });
}
