using System.Runtime.CompilerServices;
using Orleans.Raft.Core;

namespace Orleans.Raft.Simulation;

/// <summary>
/// Looks at every step from outside and holds what Raft promises against it (figure 3 of the paper and SAFETY-RULES). It knows
/// more than any replica: what is on each disk, what was committed first, what clients were told.
/// </summary>
/// <remarks>Checks are incremental: a step costs what it changed, by log matching, which is itself checked entry by entry.</remarks>
internal sealed partial class Checker
{
    private readonly SimWorld _world;
    private readonly View[] _views = new View[SimSettings.MaxReplicas + 1];
    private readonly Dictionary<long, (int Replica, int Life)> _leaders = [];
    private readonly Dictionary<(int Replica, long Term), ReplicaId> _votes = [];
    private readonly Dictionary<EntryId, (long PreviousTerm, ulong Digest)> _entries = [];
    private readonly Dictionary<long, ConfState> _configs = [];
    private readonly List<long> _configIndexes = [];
    private readonly List<CommittedEntry> _committed = [];
    private long _floor;
    private int _lastLeader;
    private long _highestLedTerm;
    private readonly List<(long Term, long At)> _elections = [];

    public Checker(SimWorld world) => _world = world;

    /// <summary>Highest index that anybody knew to be committed.</summary>
    public long CommittedIndex => _committed.Count - 1;

    /// <summary>What every read that starts now must see.</summary>
    public long Floor => _floor;

    public void OnGenesis(EntryId genesis, ConfState config)
    {
        for (var index = 0; index <= genesis.Index; index++)
        {
            _committed.Add(new CommittedEntry(genesis.Term, 0, 0, genesis.Term));
        }

        _configs[genesis.Index] = config;
    }

    public void OnStart(SimReplica replica)
    {
        var node = replica.Node!;
        ref var view = ref _views[replica.Number];
        Require(node.Term >= view.DurableTerm, "terms never go back", replica, $"starts in term {node.Term}, had made {view.DurableTerm} durable");
        var applied = replica.StateMachine.Durable.Id.Index;
        view = new View(node.Term, node.Role, applied, applied, replica.Config, false, view.DurableTerm);
        AfterStep(replica);
        AfterReady(replica);
    }

    /// <summary>Compares what the node says of itself with what it said before this step.</summary>
    public void AfterStep(SimReplica replica)
    {
        if (replica.Node is not { } node)
        {
            return;
        }

        replica.TellTraces();
        if (node.IsFaulted)
        {
            throw new SimViolationException("no invariant of the node breaks", $"r{replica.Number} is faulted: {node.Fault}");
        }

        ((RaftNode.ITestHooks)node).AssertInvariants();
        ref var view = ref _views[replica.Number];
        if (node.Term != view.Term || node.Role != view.Role)
        {
            OnRole(replica, node, ref view);
        }

        if (node.Committed != view.Committed)
        {
            Require(node.Committed > view.Committed, "the commit index never goes back", replica, $"went from {view.Committed} to {node.Committed}");
            view = view with { Committed = node.Committed, CommitConfig = replica.Config };
        }

        if (node.Role == RaftRole.Leader)
        {
            CheckProgress(replica, node);
            if (node.Term < _highestLedTerm && _world.Settings.LeaseReads)
            {
                RequireNoLease(replica);
            }
        }
    }

    /// <summary>All that the node has decided is in the hands of its host now: logs and commits can be compared.</summary>
    public void AfterReady(SimReplica replica)
    {
        ref var view = ref _views[replica.Number];
        if (view.MustHoldCommitted)
        {
            view = view with { MustHoldCommitted = false };
            if (replica.Node is { Role: RaftRole.Leader } leader)
            {
                var index = CommittedIndex;
                while (_committed[(int)index].ByTerm >= leader.Term)
                {
                    index--;
                }

                RequireHoldsCommitted(replica, index, "is elected");
            }
        }

        if (view.Committed > view.CheckedCommit)
        {
            OnCommit(replica, ref view);
        }
    }

    private void CheckProgress(SimReplica replica, RaftNode node)
    {
        foreach (var peer in ((RaftNode.ITestHooks)node).Peers)
        {
            Require(peer.Match <= node.LastIndex && peer.Match < peer.Next, "match \u2264 last", replica, $"believes {peer}, its own log ends at {node.LastIndex}");
            var disk = _world.Replica((int)peer.Id.Value).Disk;

            // A peer that is in a later term by now may have replaced what it acknowledged to this leader. Of its own log a leader takes the
            // entries of earlier terms for stored at its election; they count only with one of its own term, which is stored after them.
            Require(peer.Match <= disk.LastIndex || disk.HardState.Term > node.Term || IsOwnOlderEntry(replica, node, peer), "match \u2264 what the peer has on disk", replica,
                $"believes {peer}, that disk ends at {disk.LastIndex}");
        }
    }

    private static bool IsOwnOlderEntry(SimReplica replica, RaftNode node, PeerProgress peer) =>
        peer.Id == replica.Id && (replica.IsWriting || (peer.Match <= replica.Shadow.Last && replica.Shadow.Term(peer.Match) < node.Term));

    private static void Require(
        bool holds, string property, SimReplica replica, [InterpolatedStringHandlerArgument(nameof(holds))] ref Detail detail)
    {
        if (!holds)
        {
            throw new SimViolationException(property, $"r{replica.Number} life {replica.Life}: {detail.Text}");
        }
    }

    /// <summary>What the checker last saw of a replica.</summary>
    private readonly record struct View(
        long Term, RaftRole Role, long Committed, long CheckedCommit, ConfState? CommitConfig, bool MustHoldCommitted, long DurableTerm);

    /// <summary>An entry as it was when somebody first knew it committed, the digest of all up to it, and the term of the leader that committed it.</summary>
    private readonly record struct CommittedEntry(long Term, ulong Digest, ulong Chain, long ByTerm);
}
