using Orleans.Raft.Core;

namespace Orleans.Raft.Simulation;

/// <summary>Logs as they reach the disk.</summary>
internal sealed partial class Checker
{
    private const string LogMatching = "log matching: an entry of one term and index is the same everywhere, and so is all before it";
    private const string NothingCommittedIsCut = "a committed entry is never removed from a log that holds it";
    private const string LeaderAppendOnly = "leader append-only: a leader never changes its own log";
    private const string OneChangeAtATime = "a leader appends no configuration change while another one in its log is not applied (thesis \u00a74.1)";
    private const string SnapshotMatches = "a snapshot is what was committed up to its index";

    /// <summary>A write is handed to the disk.</summary>
    public void OnHanded(SimReplica replica, DiskBatch batch)
    {
        if (batch.Snapshot is { } snapshot)
        {
            OnSnapshot(replica, snapshot);
        }

        if (batch.Entries.Count == 0)
        {
            return;
        }

        Require(batch.MustSync, "entries are written with a sync", replica, $"hands {batch} to the disk without asking for one");
        var shadow = replica.Shadow;
        var heldBefore = Math.Min(shadow.Last, CommittedIndex);
        var heldCommitted = heldBefore > shadow.Offset && shadow.Term(heldBefore) == _committed[(int)heldBefore].Term;
        Append(replica, batch.Entries);
        if (heldCommitted)
        {
            var still = heldBefore <= shadow.Last && shadow.Term(heldBefore) == _committed[(int)heldBefore].Term;
            Require(still, NothingCommittedIsCut, replica, $"entries from {batch.Entries[0].Id} on replace the committed index {heldBefore}");
        }
    }

    /// <summary>A write became durable.</summary>
    public void OnDurable(SimReplica replica, DiskBatch batch)
    {
        if (batch.HardState is not { } hard)
        {
            return;
        }

        ref var view = ref _views[replica.Number];
        Require(hard.Term >= view.DurableTerm, "terms never go back", replica, $"stores {hard} after term {view.DurableTerm}");
        view = view with { DurableTerm = hard.Term };
        if (!hard.Vote.IsNone)
        {
            Vote(replica, hard.Term, hard.Vote);
        }
    }

    private void Append(SimReplica replica, IReadOnlyList<Entry> entries)
    {
        var shadow = replica.Shadow;
        var first = entries[0].Index;
        Require(first > shadow.Offset && first <= shadow.Last + 1, "log is contiguous", replica,
            $"stores from {first}, its log is {shadow.Offset + 1}..{shadow.Last}");
        if (first <= shadow.Last)
        {
            var node = replica.Node!;
            Require(node.Role != RaftRole.Leader || shadow.Term(first) != node.Term, LeaderAppendOnly, replica,
                $"leads term {node.Term} and replaces its entry {shadow.Term(first)}/{first}");
            shadow.TruncateAfter(first - 1);
        }

        var previousTerm = shadow.Term(first - 1);
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            Require(entry.Index == first + i && entry.Term >= previousTerm, "log is contiguous", replica,
                $"stores {entry.Id} after {previousTerm}/{first + i - 1}");
            Match(replica, entry, previousTerm);
            RequireOneChange(replica, entry);
            shadow.Add(entry);
            previousTerm = entry.Term;
        }
    }

    private static void RequireOneChange(SimReplica replica, in Entry entry)
    {
        var node = replica.Node!;
        if (entry.Type != EntryType.EntryNormal && node.Role == RaftRole.Leader && entry.Term == node.Term)
        {
            var before = replica.Shadow.LastChangeUpTo(entry.Index);
            Require(before <= node.Applied, OneChangeAtATime, replica, $"appends the change {entry.Id} behind the one at {before}, and has applied {node.Applied}");
        }
    }

    private void Match(SimReplica replica, in Entry entry, long previousTerm)
    {
        var seen = (previousTerm, Digest.Of(entry));
        if (!_entries.TryAdd(entry.Id, seen))
        {
            Require(_entries[entry.Id] == seen, LogMatching, replica,
                $"stores {entry} after term {previousTerm}; elsewhere {entry.Id} follows term {_entries[entry.Id].PreviousTerm} or holds other data");
        }
    }

    private void OnSnapshot(SimReplica replica, Snapshot snapshot)
    {
        var id = snapshot.Id;
        Require(id.Index <= CommittedIndex, SnapshotMatches, replica, $"gets snapshot {id}, committed is {CommittedIndex}");
        var committed = _committed[(int)id.Index];
        Require(committed.Term == id.Term && committed.Chain == SimStateMachine.ChainOf(snapshot), SnapshotMatches, replica,
            $"gets snapshot {id}, committed there was term {committed.Term}; or the state differs");
        Require(ConfigAt(id.Index).Equals(snapshot.ConfState), SnapshotMatches, replica,
            $"gets snapshot {id} with {snapshot.ConfState}, the configuration there was {ConfigAt(id.Index)}");
        Require(id.Index > replica.Shadow.Offset, "a snapshot never goes back", replica, $"gets snapshot {id}, has one of {replica.Shadow.Offset}");
        replica.Shadow.Restore(id);
    }
}
