using CsCheck;
using Orleans.Raft.Core;
using Orleans.Raft.Tests.Core.Paper;
using Orleans.Raft.Wire;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Tests.Core.Properties;

/// <summary>Messages that no correct peer would send: refused, ignored, or a fault with evidence; never an exception, and never a fault without a cause.</summary>
public sealed class StepProperties(ITestOutputHelper output)
{
    private static readonly Gen<Entry> Entry = Gen.Select(Gen.Long[0, 6], Gen.Long[0, 8], Gen.Int[0, 2], Gen.Byte.Array[0, 6])
        .Select((term, index, type, data) => new Entry(term, index, (EntryType)type, data));

    private static readonly Gen<ConfState> Conf = Gen.Long[0, 5].Array[0, 4]
        .Select(ids => ids.Contains(0) ? new ConfState { Voters = [.. ids.Select(id => new ReplicaId(id))] } : ConfState.Of(ids.Select(id => new ReplicaId(id))));

    private static readonly Gen<Snapshot?> Snapshot = Gen.Select(Gen.Int[0, 3], Gen.Long[0, 6], Gen.Long[0, 9], Conf)
        .Select((kind, term, index, conf) => kind == 0 ? new Snapshot(new EntryId(term, index), conf, default) : null);

    private static readonly Gen<Message> Message = Gen.Select(
            Gen.Int[0, 23],
            Gen.Select(Gen.Long[0, 5], Gen.Long[0, 6], Gen.Long[0, 6], Gen.Long[0, 9]),
            Gen.Select(Gen.Long[0, 9], Gen.Bool, Gen.Long[0, 9], Gen.Long[-1, 3], Gen.Bool),
            Entry.Array[0, 3],
            Snapshot)
        .Select((type, head, tail, entries, snapshot) => new Message
        {
            Type = (MessageType)type,
            From = new(head.Item1),
            To = new(1),
            Term = head.Item2,
            LogTerm = head.Item3,
            Index = head.Item4,
            Commit = tail.Item1,
            Reject = tail.Item2,
            RejectHint = tail.Item3,
            Context = tail.Item4,
            IsCampaignTransfer = tail.Item5,
            Entries = entries,
            Snapshot = snapshot,
        });

    [Fact]
    public void No_sequence_of_messages_makes_a_verb_throw()
    {
        var faults = new Dictionary<string, int>();
        Gen.Select(Message.Array[1, 30], Gen.Bool, Gen.Bool, Gen.Int[0, 3]).Sample((messages, async, checkQuorum, start) =>
        {
            var replica = Started(start, async, checkQuorum);
            foreach (var message in messages)
            {
                var passed = replica.Node.Step(Wired(message), replica.Now);
                Assert.True(passed.Status is not StepStatus.Refused || passed.Reason is not RefusalReason.None);
                if (!Drain(replica, async))
                {
                    break;
                }

                replica.Node.Tick(replica.Now);
            }

            if (replica.Node.Fault is { } fault)
            {
                var cause = new string([.. fault.Message.Split(':', 2)[1].TakeWhile(c => c is not ('—' or '\n'))]).Trim();
                lock (faults)
                {
                    faults[cause] = faults.GetValueOrDefault(cause) + 1;
                }

                Assert.DoesNotContain("message.To", cause, StringComparison.Ordinal);
                Assert.DoesNotContain("ownTerm", cause, StringComparison.Ordinal);
                Assert.DoesNotContain("Exception", fault.Message, StringComparison.Ordinal);
                Assert.Equal(RefusalReason.Faulted, replica.Node.Step(messages[0], replica.Now).Reason);
            }
        }, iter: 20_000);

        foreach (var (cause, count) in faults.OrderByDescending(pair => pair.Value))
        {
            output.WriteLine($"{count} {cause}");
        }
    }

    [Fact]
    public void A_replica_that_has_never_heard_of_a_term_can_refuse_a_pre_vote()
    {
        var storage = new MemoryLogStorage();
        storage.ApplySnapshot(new Snapshot(new EntryId(1, 10), ConfState.Of([new(1), new(2), new(3)]), default));
        var replica = new Replica(Replica.Config(1), storage);
        Assert.Equal(0, replica.Node.Term);
        Assert.True(Assert.Single(replica.Receive(PaperMessages.PreVote(2, 1, 1, new EntryId(1, 5)))).Reject);
    }

    [Theory]
    [InlineData(MessageType.MsgApp)]
    [InlineData(MessageType.MsgHeartbeat)]
    [InlineData(MessageType.MsgSnap)]
    [InlineData(MessageType.MsgVote)]
    [InlineData(MessageType.MsgPreVote)]
    [InlineData(MessageType.MsgTimeoutNow)]
    [InlineData(MessageType.MsgAppResp)]
    [InlineData(MessageType.MsgHeartbeatResp)]
    [InlineData(MessageType.MsgVoteResp)]
    [InlineData(MessageType.MsgPreVoteResp)]
    [InlineData(MessageType.MsgReadIndexResp)]
    public void A_message_without_a_term_is_refused_and_commits_nothing(MessageType type)
    {
        // A message without a term would count as one of the present term.
        var replica = Replica.WithLog(1, [1, 2, 3], [1, 1, 1], term: 3);
        var result = replica.Node.Step(new Message { Type = type, From = new(2), To = new(1), Commit = 3, Index = 3, LogTerm = 1 }, replica.Now);
        Assert.Equal(RefusalReason.MalformedMessage, result.Reason);
        Assert.Equal(0, replica.Node.Committed);
        Assert.False(replica.Node.IsFaulted);
    }

    private static Replica Started(int kind, bool async, bool checkQuorum)
    {
        var replica = Replica.WithLog(1, [1, 2, 3], [1, 1, 2], commit: 1, adjust: config => config with { AsyncStorageWrites = async, CheckQuorum = checkQuorum, PreVote = checkQuorum });
        if (kind > 0)
        {
            replica.Node.Campaign(replica.Now);
            Drain(replica, async);
        }

        if (kind > 1)
        {
            replica.Node.Step(PaperMessages.PreVoteAnswer(2, 1, 3, true), replica.Now);
            Drain(replica, async);
            replica.Node.Step(PaperMessages.Vote(2, 1, 3, true), replica.Now);
            Drain(replica, async);
        }

        return replica;
    }

    // What arrives has gone over the wire.
    private static Message Wired(Message message)
    {
        var bytes = new byte[RaftCodec.Size(message)];
        RaftCodec.Write(message, bytes);
        return RaftCodec.ReadMessage(bytes);
    }

    private static bool Drain(Replica replica, bool async)
    {
        if (!async)
        {
            try
            {
                replica.Work();
            }
            catch (InvalidOperationException) when (replica.Node.IsFaulted)
            {
                return false;
            }

            return true;
        }

        while (replica.Node.HasReady)
        {
            foreach (var work in replica.Node.Ready().Messages.Where(message => message.To.IsLocalThread).ToArray())
            {
                Perform(replica, work);
            }
        }

        return !replica.Node.IsFaulted;
    }

    private static void Perform(Replica replica, Message work)
    {
        if (work.To == ReplicaId.AppendThread)
        {
            if (work.Snapshot is { } snapshot)
            {
                replica.Storage.ApplySnapshot(snapshot);
            }

            replica.Storage.Append(work.Entries);
        }

        foreach (var entry in work.To == ReplicaId.ApplyThread ? work.Entries : [])
        {
            if (ConfChangeCodec.TryDecode(entry, out var change))
            {
                replica.Node.ApplyConfChange(change);
            }
        }

        foreach (var response in work.Responses.Where(response => response.To == replica.Node.Id))
        {
            replica.Node.Step(response, replica.Now);
        }
    }
}
