using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core.Departures;

/// <summary>Departure: what makes the traced library panic makes one replica faulted (RAFT-NOTES B.13d).</summary>
public sealed class FaultTests
{
    private static readonly TimeSpan Now = TimeSpan.FromSeconds(1);
    private static readonly ReplicaId One = new(1);
    private static readonly ReplicaId Two = new(2);

    [Fact]
    public void A_commit_index_beyond_the_log_faults_with_message_state_and_last_inputs()
    {
        var node = NewNode(out _);
        node.Step(Message.Append(Two, One, 1, default, 0, [new Entry(1, 1, EntryType.EntryNormal, default)]), Now);
        var result = node.Step(Message.Heartbeat(Two, One, 1, commit: 5, round: 1), Now);

        Assert.Equal(new StepResult(StepStatus.Refused, RefusalReason.Faulted, Two), result);
        Assert.Contains("commit=5 is beyond last=1", node.Fault!.Message, StringComparison.Ordinal);
        Assert.Contains("log=[1, 1]", node.Fault.State, StringComparison.Ordinal);
        Assert.Contains("MsgHeartbeat from 2 Term:1", node.Fault.LastInputs[^1], StringComparison.Ordinal);
        Assert.Contains("MsgApp from 2", node.Fault.LastInputs[^2], StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_that_conflicts_with_a_committed_one_faults()
    {
        var node = NewNode(out _);
        node.Step(Message.Append(Two, One, 1, default, 0, [Normal(1, 1), Normal(1, 2)]), Now);
        node.Step(Message.Heartbeat(Two, One, 1, commit: 2, round: 1), Now);
        node.Step(Message.Append(new ReplicaId(3), One, 2, new EntryId(1, 2), 2, [Normal(2, 3)]), Now);
        Assert.False(node.IsFaulted);

        // Index 2 is committed in term 1; a leader that has it in term 2 was elected without a quorum of this group.
        var log = new MemoryLogStorage(Voters());
        log.Append([Normal(1, 1), Normal(2, 2)]);
        log.SetHardState(new HardState(2, Two, 2));
        var second = new RaftNode(new RaftConfig { Id = One }, log);
        second.Step(Message.Append(Two, One, 3, default, 2, [Normal(1, 1), Normal(3, 2)]), Now);
        Assert.False(second.IsFaulted, "below the commit index a leader's entries are not looked at");
        second.Step(Message.Append(Two, One, 3, new EntryId(2, 2), 9, [Normal(3, 3)]), Now);
        second.Step(Message.Append(Two, One, 3, new EntryId(2, 2), 3, []), Now);
        Assert.Equal(3, second.Committed);
    }

    [Fact]
    public void A_faulted_replica_refuses_every_verb_and_has_nothing_to_say()
    {
        var node = NewNode(out _);
        node.Campaign(Now);
        node.Step(Message.Heartbeat(Two, One, 9, commit: 5, round: 1), Now);
        Assert.True(node.IsFaulted);

        Assert.False(node.HasReady);
        Assert.True(node.Ready().IsEmpty);
        Assert.Equal(RefusalReason.Faulted, node.Step(Message.RequestVote(Two, One, 10, new EntryId(9, 9)), Now).Reason);
        Assert.Equal(RefusalReason.Faulted, node.Propose(new byte[] { 1 }, Now).Reason);
        Assert.Equal(RefusalReason.Faulted, node.ReadIndex(1, Now).Reason);
        Assert.Equal(RefusalReason.Faulted, node.TransferLeadership(Two, Now).Reason);
        Assert.Equal(RefusalReason.Faulted, node.Campaign(Now).Reason);
        Assert.Equal(RefusalReason.Faulted, node.ForgetLeader().Reason);
        node.Tick(Now);
        node.Wake(true, Now);
        node.ReportUnreachable(Two);
        node.ReportSnapshot(Two, true);
        Assert.Equal(node.Status().ConfState, node.ApplyConfChange(new ConfChangeV2()));
        Assert.Same(node.Fault, node.Status().Fault);
    }

    [Fact]
    public void A_log_that_cannot_be_read_faults_the_replica_and_no_exception_leaves()
    {
        var node = NewNode(out var log);
        log.IsBroken = true;
        var result = node.Step(Message.RequestVote(Two, One, 1, new EntryId(1, 5)), Now);
        Assert.Equal(RefusalReason.Faulted, result.Reason);
        Assert.Contains("disk on fire", node.Fault!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, "before the log's first")]
    [InlineData(9, "beyond last")]
    public void A_state_machine_that_does_not_fit_the_log_faults_before_it_votes(long applied, string message)
    {
        var log = new MemoryLogStorage(Voters());
        log.ApplySnapshot(new Snapshot(new EntryId(1, 5), Voters(), default));
        log.Append([Normal(1, 6), Normal(1, 7)]);
        log.SetHardState(new HardState(1, default, 6));
        var node = new RaftNode(new RaftConfig { Id = One, Applied = applied }, log);
        Assert.Contains(message, node.Fault!.Message, StringComparison.Ordinal);
        Assert.Equal(RefusalReason.Faulted, node.Step(Message.RequestVote(Two, One, 7, new EntryId(6, 99)), Now).Reason);
    }

    [Fact]
    public void The_commit_index_after_a_restart_is_the_greater_of_what_is_stored_and_what_is_applied()
    {
        var log = new MemoryLogStorage(Voters());
        log.Append([Normal(1, 1), Normal(1, 2), Normal(1, 3)]);
        log.SetHardState(new HardState(1, Two, 1));
        Assert.Equal(3, new RaftNode(new RaftConfig { Id = One, Applied = 3 }, log).Committed);
        Assert.Equal(1, new RaftNode(new RaftConfig { Id = One, Applied = 0 }, log).Committed);
    }

    [Fact]
    public void Messages_that_contradict_themselves_are_refused()
    {
        var node = NewNode(out _);
        Assert.Equal(RefusalReason.MalformedMessage, node.Step(Message.Append(Two, One, 1, default, 0, [Normal(1, 2)]), Now).Reason);
        Assert.Equal(RefusalReason.MalformedMessage, node.Step(Message.Append(Two, One, 1, default, 0, [Normal(2, 1)]), Now).Reason);
        Assert.Equal(RefusalReason.MalformedMessage, node.Step(Message.Append(Two, One, -1, default, 0, []), Now).Reason);
        Assert.Equal(RefusalReason.LocalMessage, node.Step(Message.Of(MessageType.MsgHup, Two, One, 0), Now).Reason);
        Assert.Equal(RefusalReason.MalformedMessage, node.Step(Message.Of(MessageType.MsgReadIndex, ReplicaId.None, One, 0), Now).Reason);
        Assert.Equal(RefusalReason.UnknownPeer, node.Step(Message.VoteAnswer(new ReplicaId(9), One, 1, true), Now).Reason);
        Assert.False(node.IsFaulted);
    }

    private static Entry Normal(long term, long index) => new(term, index, EntryType.EntryNormal, default);

    private static ConfState Voters() => ConfState.Of([One, Two, new ReplicaId(3)]);

    private static RaftNode NewNode(out BreakableLog log)
    {
        log = new BreakableLog(new MemoryLogStorage(Voters()));
        return new RaftNode(new RaftConfig { Id = One }, log);
    }

    private sealed class BreakableLog(MemoryLogStorage inner) : ILogReader
    {
        public bool IsBroken { get; set; }

        public long FirstIndex => inner.FirstIndex;

        public long LastIndex => inner.LastIndex;

        public InitialState InitialState => inner.InitialState;

        public bool TryGetTerm(long index, out long term) =>
            IsBroken ? throw new IOException("disk on fire") : inner.TryGetTerm(index, out term);

        public bool TryRead(long low, long high, long maxBytes, List<Entry> into) => inner.TryRead(low, high, maxBytes, into);

        public bool TryGetSnapshot(out Snapshot snapshot) => inner.TryGetSnapshot(out snapshot);
    }
}
