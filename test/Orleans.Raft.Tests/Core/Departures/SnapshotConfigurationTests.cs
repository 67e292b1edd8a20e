using Orleans.Raft.Core;
using Xunit;

namespace Orleans.Raft.Tests.Core.Departures;

/// <summary>
/// Found by the simulator (seed 1030389 of its first day): a snapshot arrives while the host is still applying a configuration change from before it.
/// Applied to the snapshot's configuration that change gives one that never was, and the replica would count votes in it.
/// </summary>
public sealed class SnapshotConfigurationTests
{
    private static readonly ReplicaId Leader = new(1);
    private static readonly ReplicaId Self = new(2);
    private static readonly ReplicaId Newcomer = new(3);

    [Fact]
    public void A_change_from_before_a_snapshot_is_applied_to_the_configuration_before_it()
    {
        var log = new MemoryLogStorage(ConfState.Of([Leader, Self]));
        var change = new ConfChangeV2 { Changes = [new ConfChangeSingle(ConfChangeType.AddLearnerNode, Newcomer)] };
        var node = new RaftNode(new RaftConfig { Id = Self, AsyncStorageWrites = true }, log);
        var entry = new Entry(1, 1, EntryType.EntryConfChangeV2, ConfChangeCodec.Encode(change));
        node.Step(new Message { Type = MessageType.MsgApp, From = Leader, To = Self, Term = 1, Commit = 1, Entries = [entry] }, TimeSpan.Zero);
        Store(node, log);
        Assert.Contains(node.Ready().Messages, m => m.To == ReplicaId.ApplyThread);

        // Since then the learner became a voter; the change is still with the apply thread.
        var snapshot = new Snapshot(new EntryId(1, 5), ConfState.Of([Leader, Self, Newcomer]), default);
        node.Step(new Message { Type = MessageType.MsgSnap, From = Leader, To = Self, Term = 1, Snapshot = snapshot }, TimeSpan.Zero);
        var applied = node.ApplyConfChange(change);
        Assert.Equal(new ConfState { Voters = [Leader, Self], Learners = [Newcomer] }, applied);

        Store(node, log);
        Assert.Equal(snapshot.ConfState, node.Status().ConfState);
        Assert.False(node.IsFaulted, node.Fault?.ToString());
    }

    private static void Store(RaftNode node, MemoryLogStorage log)
    {
        var append = Assert.Single(node.Ready().Messages, m => m.To == ReplicaId.AppendThread);
        if (append.Snapshot is { } snapshot)
        {
            log.ApplySnapshot(snapshot);
        }

        log.Append(append.Entries);
        foreach (var response in append.Responses.Where(m => m.To == Self))
        {
            node.Step(response, TimeSpan.Zero);
        }
    }
}
