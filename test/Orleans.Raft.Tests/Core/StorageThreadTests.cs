using Orleans.Raft.Core;
using static Orleans.Raft.Tests.Core.Paper.PaperMessages;

namespace Orleans.Raft.Tests.Core;

/// <summary>Asynchronous storage writes: what the storage threads' answers mean, and who may give them (RAFT-NOTES B.1.5, B.2.4, B.8.1, B.9).</summary>
public sealed class StorageThreadTests
{
    private static readonly ConfState Voters = ConfState.Of([new(1), new(2), new(3)]);
    private static readonly EntryId First = new(1, 1);

    private readonly MemoryLogStorage _disk = new(Voters);
    private readonly RaftNode _node;

    public StorageThreadTests()
    {
        _disk.Append([Entry(1, 1)]);
        _disk.SetHardState(new HardState(1, default, 1));
        _node = new RaftNode(new RaftConfig { Id = new(1), AsyncStorageWrites = true, Applied = 1, MaxCommittedSizePerReady = 1 }, _disk);
    }

    /// <summary>
    /// The second entry is written, replaced by a later leader's, and brought back by a third one that never lost it. The answer to the first write then tells
    /// the truth about term and index and yet means nothing: the disk is about to hold the second leader's entry.
    /// </summary>
    [Fact]
    public void An_entry_that_was_replaced_and_brought_back_is_durable_only_by_its_own_last_write()
    {
        var original = Receive(AppendEntries(2, 1, 1, First, 1, Entry(1, 2)));
        var replacing = Receive(AppendEntries(3, 1, 2, First, 1, Entry(2, 2)));
        var restoring = Receive(AppendEntries(2, 1, 3, First, 1, Entry(1, 2)));
        Assert.Empty(Receive(Heartbeat(2, 1, 3, commit: 2)).Apply);

        Assert.Empty(Write(original.Append).Apply);
        Assert.Empty(Write(replacing.Append).Apply);
        Assert.Equal([new EntryId(1, 2)], Write(restoring.Append).Apply.Select(entry => entry.Id));
    }

    /// <summary>RAFT-NOTES B.8.2: here the term of the write's answer is the present one, and only the entry's own term tells that it was replaced.</summary>
    [Fact]
    public void The_answer_to_the_write_of_a_replaced_entry_makes_nothing_durable_in_the_same_term_either()
    {
        _node.Step(AppendEntries(2, 1, 1, First, 1, Entry(1, 2)), default);
        var original = Receive(RequestVote(3, 1, 2, First));
        Assert.Equal([new EntryId(1, 2)], original.Append.SelectMany(write => write.Entries).Select(entry => entry.Id));
        var replacing = Receive(AppendEntries(3, 1, 2, First, 1, Entry(2, 2)));
        Assert.Empty(Receive(Heartbeat(3, 1, 2, commit: 2)).Apply);

        Assert.Empty(Write(original.Append).Apply);
        Assert.Equal([new EntryId(2, 2)], Write(replacing.Append).Apply.Select(entry => entry.Id));
    }

    [Fact]
    public void A_snapshot_that_became_durable_is_installed_although_the_term_has_changed_meanwhile()
    {
        var (append, _) = Receive(InstallSnapshot(2, 1, 2, new Snapshot(new EntryId(2, 9), Voters, default)));
        Receive(RequestVote(3, 1, 3, new EntryId(2, 20)));

        Write(append);

        Assert.Equal((3, 9), (_node.Term, _node.Applied));
    }

    /// <summary>RAFT-NOTES B.1.5: such an answer would make entries durable, or applied, that are not.</summary>
    [Theory]
    [InlineData(MessageType.MsgStorageAppendResp)]
    [InlineData(MessageType.MsgStorageApplyResp)]
    public void What_only_a_storage_thread_may_say_is_refused_from_a_replica(MessageType type)
    {
        Receive(AppendEntries(2, 1, 1, First, 1, Entry(1, 2)));
        var result = _node.Step(Message.Of(type, new(2), new(1), 1, new EntryId(1, 2), entries: [Entry(1, 2)]), default);
        Assert.Equal((false, RefusalReason.LocalMessage), (result.IsAccepted, result.Reason));
        Assert.Empty(Receive(Heartbeat(2, 1, 1, commit: 2)).Apply);
    }

    /// <summary>RAFT-NOTES B.9: the limit is one of what is outstanding, not of one Ready.</summary>
    [Fact]
    public void No_more_entries_are_handed_out_for_application_while_those_before_fill_the_limit()
    {
        var writes = Receive(AppendEntries(2, 1, 1, First, 2, Entry(1, 2)));
        Assert.Equal([2], Write(writes.Append).Apply.Select(entry => entry.Index));
        writes = Receive(AppendEntries(2, 1, 1, new EntryId(1, 2), 3, Entry(1, 3)));
        Assert.Empty(Write(writes.Append).Apply);

        _node.Step(Message.Of(MessageType.MsgStorageApplyResp, ReplicaId.ApplyThread, new(1), 0, entries: [Entry(1, 2)]), default);
        Assert.Equal([3], TakeReady().Apply.Select(entry => entry.Index));
    }

    /// <summary>
    /// RAFT-NOTES B.10.4. The apply thread may have a page of entries and the next one, with the change, before it reports the first: the configuration is joint
    /// then, and the change that made it so not yet applied for good.
    /// </summary>
    [Fact]
    public void A_joint_configuration_is_left_by_itself_only_once_the_change_that_entered_it_is_reported_as_applied()
    {
        var disk = new MemoryLogStorage(ConfState.Of([new(1)]));
        var node = new RaftNode(new RaftConfig { Id = new(1), AsyncStorageWrites = true }, disk);
        node.Campaign(default);
        var empty = Assert.Single(WriteAll(node, disk));
        var change = new ConfChangeV2 { Transition = ConfChangeTransition.JointImplicit, Changes = [new(ConfChangeType.AddLearnerNode, new(2))] };
        Assert.True(node.ProposeConfChange(change, default).IsAccepted);
        var joint = Assert.Single(WriteAll(node, disk));
        Assert.True(node.ApplyConfChange(change).IsJoint);

        node.Step(Assert.Single(empty.Responses), default);
        Assert.Equal((1, 2), (node.Applied, node.LastIndex));
        node.Step(Assert.Single(joint.Responses), default);
        Assert.Equal((2, 3), (node.Applied, node.LastIndex));
        var leave = Assert.Single(Assert.Single(WriteAll(node, disk)).Entries);
        Assert.True(ConfChangeCodec.TryDecode(leave, out var decoded) && decoded.LeavesJoint);
    }

    // Does all that a node wants written; returns what it wants applied.
    private static List<Message> WriteAll(RaftNode node, MemoryLogStorage disk)
    {
        var apply = new List<Message>();
        while (node.HasReady)
        {
            var messages = node.Ready().Messages.ToArray();
            apply.AddRange(messages.Where(message => message.To == ReplicaId.ApplyThread));
            foreach (var write in messages.Where(message => message.To == ReplicaId.AppendThread))
            {
                disk.Append(write.Entries);
                foreach (var response in write.Responses)
                {
                    node.Step(response, default);
                }
            }
        }

        Assert.Null(node.Fault);
        return apply;
    }

    private static Entry Entry(long term, long index) => new(term, index, EntryType.EntryNormal, new byte[] { (byte)term });

    private (List<Message> Append, List<Entry> Apply) Receive(Message message)
    {
        _node.Step(message, default);
        return TakeReady();
    }

    // The append thread does the writes of one Ready and delivers its answers to this node.
    private (List<Message> Append, List<Entry> Apply) Write(List<Message> writes)
    {
        foreach (var write in writes)
        {
            if (write.Snapshot is { } snapshot)
            {
                _disk.ApplySnapshot(snapshot);
            }

            _disk.Append(write.Entries);
            foreach (var response in write.Responses.Where(response => response.To == _node.Id))
            {
                _node.Step(response, default);
            }
        }

        return TakeReady();
    }

    private (List<Message> Append, List<Entry> Apply) TakeReady()
    {
        Assert.Null(_node.Fault);
        var messages = _node.HasReady ? _node.Ready().Messages.ToArray() : [];
        return (
            [.. messages.Where(message => message.To == ReplicaId.AppendThread)],
            [.. messages.Where(message => message.To == ReplicaId.ApplyThread).SelectMany(message => message.Entries)]);
    }
}
