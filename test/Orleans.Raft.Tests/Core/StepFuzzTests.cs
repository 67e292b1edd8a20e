using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core;

/// <summary>Whatever arrives: no verb throws, and the only fault there can be is a named invariant, never an accident of the code.</summary>
public sealed class StepFuzzTests
{
    private const int Seeds = 300;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Messages_that_make_no_sense_break_nothing_but_named_invariants(bool asynchronous)
    {
        var faults = 0;
        for (var seed = 0; seed < Seeds; seed++)
        {
            var random = new Random(seed);
            var log = new MemoryLogStorage(ConfState.Of([new ReplicaId(1), new ReplicaId(2), new ReplicaId(3)]));
            var node = NewNode(log, random, asynchronous);
            for (var step = 0; step < 400 && !node.IsFaulted; step++)
            {
                Drive(node, log, random, step);
            }

            if (node.Fault is { } fault)
            {
                faults++;
                Assert.False(fault.Message.Contains("Exception", StringComparison.Ordinal), $"seed={seed} asynchronous={asynchronous}: {fault}");
            }
        }

        Assert.True(faults < Seeds, "every run ended at once: the messages are too wild to reach anything");
    }

    private static void Drive(RaftNode node, MemoryLogStorage log, Random random, int step)
    {
        var now = TimeSpan.FromMilliseconds(step * 10);
        switch (random.Next(12))
        {
            case 0:
                node.Tick(now);
                break;
            case 1:
                node.Campaign(now);
                break;
            case 2:
                node.Propose(new byte[random.Next(20)], now);
                break;
            case 3:
                node.ReadIndex(step, now);
                break;
            case 4:
                node.ProposeConfChange(RandomChange(random), now);
                break;
            case 5:
                node.TransferLeadership(AnyId(random), now);
                break;
            case 6:
                node.ApplyConfChange(RandomChange(random));
                break;
            case 7:
                Work(node, log, now);
                break;
            case 8:
                node.ReportSnapshot(AnyId(random), random.Next(2) == 0);
                node.ReportUnreachable(AnyId(random));
                node.Wake(random.Next(2) == 0, now);
                node.ForgetLeader();
                break;
            default:
                node.Step(RandomMessage(random, node), now);
                break;
        }
    }

    private static void Work(RaftNode node, MemoryLogStorage log, TimeSpan now)
    {
        var ready = node.Ready();
        if (ready.Snapshot is { } snapshot)
        {
            log.ApplySnapshot(snapshot);
        }

        log.Append(ready.Entries);
        node.Advance(ready);
        foreach (var response in ready.Messages.SelectMany(message => message.Responses).Where(response => response.To == node.Id))
        {
            node.Step(response, now);
        }
    }

    private static RaftNode NewNode(MemoryLogStorage log, Random random, bool asynchronous)
    {
        return new RaftNode(
            new RaftConfig
            {
                Id = new ReplicaId(1),
                AsyncStorageWrites = asynchronous,
                PreVote = random.Next(2) == 0,
                CheckQuorum = true,
                ReadOnlyOption = random.Next(2) == 0 ? ReadOnlyOption.LeaseBased : ReadOnlyOption.Safe,
                VotePromise = TimeSpan.FromMilliseconds(random.Next(100)),
                MaxSizePerMessage = random.Next(50),
                MaxInflightMessages = 1 + random.Next(4),
                MaxUncommittedSize = random.Next(200),
                StepDownOnRemoval = random.Next(2) == 0,
                RefuseConfChanges = random.Next(2) == 0,
                CoalesceAppends = random.Next(2) == 0,
                VoteRequestsWaitForDisk = random.Next(2) == 0,
            },
            log);
    }

    private static Message RandomMessage(Random random, RaftNode node)
    {
        var types = Enum.GetValues<MessageType>();
        var term = Math.Max(0, node.Term + random.Next(-1, 2));
        var entries = new List<Entry>();
        var previous = new EntryId(random.Next(0, (int)Math.Max(1, node.Term + 1)), random.Next(0, (int)node.LastIndex + 2));
        for (var i = random.Next(4); i > 0; i--)
        {
            entries.Add(new Entry(Math.Max(1, term), previous.Index + entries.Count + 1, (EntryType)random.Next(3), new byte[random.Next(4)]));
        }

        var isWild = random.Next(20) == 0;
        return Message.Of(
            types[random.Next(types.Length)],
            AnyId(random),
            node.Id,
            term,
            isWild ? new EntryId(random.NextInt64(), random.NextInt64()) : previous,
            commit: Math.Min(random.Next(0, (int)node.LastIndex + 1), isWild ? long.MaxValue : node.LastIndex),
            reject: random.Next(3) == 0,
            rejectHint: isWild ? long.MaxValue : random.Next(10),
            context: isWild ? random.NextInt64() : random.Next(20),
            promise: isWild ? TimeSpan.MaxValue : TimeSpan.FromMilliseconds(random.Next(100)),
            isCampaignTransfer: random.Next(4) == 0,
            entries: entries,
            snapshot: random.Next(10) == 0 ? new Snapshot(new EntryId(1, random.Next(12)), ConfState.Of([node.Id, AnyId(random)]), default) : null);
    }

    private static ReplicaId AnyId(Random random) => new(random.Next(0, 5));

    private static ConfChangeV2 RandomChange(Random random)
    {
        var changes = new ConfChangeSingle[random.Next(4)];
        for (var i = 0; i < changes.Length; i++)
        {
            changes[i] = new ConfChangeSingle((ConfChangeType)random.Next(4), AnyId(random));
        }

        return new ConfChangeV2 { Transition = (ConfChangeTransition)random.Next(3), Changes = [.. changes] };
    }
}
