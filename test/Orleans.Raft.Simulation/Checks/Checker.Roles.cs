using Orleans.Raft.Core;

namespace Orleans.Raft.Simulation;

/// <summary>Terms, votes, leaders.</summary>
internal sealed partial class Checker
{
    private const string ElectionSafety = "election safety: at most one leader in a term";
    private const string LeaderCompleteness = "leader completeness: a leader's log holds every entry committed in earlier terms";
    private const string ElectedByQuorum = "a leader has the votes of a quorum of the configuration in force, of both while it is joint";
    private const string CampaignsInForce = "nobody campaigns in a configuration that is not in force any more";
    private const string LeaseIsExclusive = "while a lease holds nobody else is elected";
    private const string OneVote = "a replica votes once in a term, across restarts";

    /// <summary>A message leaves the replica. What it promises must be durable by now: a vote, an acknowledgement, a candidate's own vote for itself.</summary>
    public void OnRelease(SimReplica replica, Message message)
    {
        if (message.Reject)
        {
            return;
        }

        if (message.Type == MessageType.MsgVote && !_world.Switches.EarlyVotes)
        {
            var own = replica.Disk.SyncedState;
            Require(own.Term > message.Term || (own.Term == message.Term && own.Vote == replica.Id),
                "a candidate's vote for itself is durable before it asks others", replica, $"asks r{message.To} in term {message.Term}, the disk holds {own}");
        }
        else if (message.Type == MessageType.MsgVoteResp)
        {
            var hard = replica.Disk.SyncedState;
            Require(hard.Term > message.Term || (hard.Term == message.Term && hard.Vote == message.To),
                "a vote is durable before it is told", replica, $"tells r{message.To} its vote in term {message.Term}, the disk holds {hard}");
            Vote(replica, message.Term, message.To);
        }
        else if (message.Type == MessageType.MsgReadIndexResp)
        {
            OnReadConfirmed(replica, _world.Replica((int)message.To.Value).AskedAt(message.Context), message.Term);
        }
        else if (message.Type == MessageType.MsgAppResp)
        {
            // In a later term the same write may hold what a new leader put in its place; then the old one can't commit it any more.
            var disk = replica.Disk;
            Require(message.Index <= disk.LastIndex || message.Term < disk.HardState.Term, "what is acknowledged is durable", replica,
                $"acknowledges {message.Index} to r{message.To}, the disk ends at {disk.LastIndex}");
        }
    }

    /// <summary>
    /// From a leader's first stale moment on it would answer reads without what its successor acknowledges. Looked for wherever a lease could be held too long,
    /// not only where a client happens to read.
    /// </summary>
    private void RequireNoLease(SimReplica old)
    {
        var node = old.Node!;
        Require(!((RaftNode.ITestHooks)node).HasLeaseAt(old.LocalNow), LeaseIsExclusive, old,
            $"has a lease in term {node.Term}, and r{_lastLeader} was elected in term {_highestLedTerm}");
    }

    private void RequireElected(SimReplica replica, RaftNode node)
    {
        var config = replica.Config;
        Require(VotedFor(replica, node.Term, config.Voters) && (!config.IsJoint || VotedFor(replica, node.Term, config.VotersOutgoing)), ElectedByQuorum, replica,
            $"leads term {node.Term} under {config}; voted: {string.Join(", ", _votes.Where(v => v.Key.Term == node.Term).Select(v => $"r{v.Key.Replica} for r{v.Value}"))}");
    }

    private bool VotedFor(SimReplica candidate, long term, IReadOnlyCollection<ReplicaId> voters)
    {
        var votes = 0;
        foreach (var voter in voters)
        {
            votes += _votes.TryGetValue(((int)voter.Value, term), out var given) && given == candidate.Id ? 1 : 0;
        }

        return votes > voters.Count / 2;
    }

    private void Vote(SimReplica replica, long term, ReplicaId candidate)
    {
        if (!_votes.TryAdd((replica.Number, term), candidate))
        {
            var before = _votes[(replica.Number, term)];
            Require(before == candidate, OneVote, replica, $"voted for r{before} in term {term} and now for r{candidate}");
        }
    }

    private void OnRole(SimReplica replica, RaftNode node, ref View view)
    {
        Require(node.Term >= view.Term, "terms never go back", replica, $"went from term {view.Term} to {node.Term}");
        if (node.Role == RaftRole.Leader && (view.Role != RaftRole.Leader || view.Term != node.Term))
        {
            OnLeader(replica, node);
        }

        if (view.Role == RaftRole.Follower && node.Role is RaftRole.PreCandidate or RaftRole.Candidate)
        {
            var change = replica.Shadow.LastChangeUpTo(node.Committed);
            Require(change <= node.Applied, CampaignsInForce, replica, $"campaigns in term {node.Term}; the change at {change} is committed, applied is {node.Applied}");
        }

        view = view with { Term = node.Term, Role = node.Role, MustHoldCommitted = view.MustHoldCommitted || node.Role == RaftRole.Leader };
    }

    private void OnLeader(SimReplica replica, RaftNode node)
    {
        _world.Totals.Elections++;
        _world.Totals.LeaderChanges += _lastLeader != 0 && _lastLeader != replica.Number ? 1 : 0;
        _lastLeader = replica.Number;
        var me = (replica.Number, replica.Life);
        if (!_leaders.TryAdd(node.Term, me))
        {
            var other = _leaders[node.Term];
            Require(other == me, ElectionSafety, replica, $"leads term {node.Term}, as r{other.Replica} did in its life {other.Life}");
        }

        RequireElected(replica, node);
        _elections.Add((node.Term, _world.Now));
        _highestLedTerm = Math.Max(_highestLedTerm, node.Term);
        for (var number = 1; number <= _world.ReplicaCount && _world.Settings.LeaseReads; number++)
        {
            if (_world.Replica(number) is { Node: { Role: RaftRole.Leader } old } other && old.Term < node.Term)
            {
                RequireNoLease(other);
            }
        }
    }

    /// <summary>By log matching, to hold the last committed entry is to hold all.</summary>
    private void RequireHoldsCommitted(SimReplica replica, long index, string when)
    {
        var shadow = replica.Shadow;
        var term = _committed[(int)index].Term;
        var holds = index <= shadow.Offset || (index <= shadow.Last && shadow.Term(index) == term);
        Require(holds, LeaderCompleteness, replica,
            $"{when} in term {replica.Node!.Term} without the committed entry {new EntryId(term, index)}: its log ends at {shadow.Last}, term there {shadow.Term(Math.Min(index, shadow.Last))}");
    }
}
