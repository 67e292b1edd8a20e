using Orleans.Raft.Core;

namespace Orleans.Raft.Simulation;

/// <summary>Terms, votes, leaders.</summary>
internal sealed partial class Checker
{
    private const string ElectionSafety = "election safety: at most one leader in a term";
    private const string LeaderCompleteness = "leader completeness: a leader's log holds every entry committed in earlier terms";
    private const string OneVote = "a replica votes once in a term, across restarts";

    /// <summary>A promise leaves the replica: a granted vote or an acknowledged append. What it promises must be durable by now.</summary>
    public void OnRelease(SimReplica replica, Message message)
    {
        if (message.Reject)
        {
            return;
        }

        if (message.Type == MessageType.MsgVoteResp)
        {
            var hard = replica.Disk.HardState;
            Require(hard.Term > message.Term || (hard.Term == message.Term && hard.Vote == message.To),
                "a vote is durable before it is told", replica, $"tells r{message.To} its vote in term {message.Term}, the disk holds {hard}");
            Vote(replica, message.Term, message.To);
        }
        else if (message.Type == MessageType.MsgAppResp)
        {
            // In a later term the same write may hold what a new leader put in its place; then the old one can't commit it any more.
            var disk = replica.Disk;
            Require(message.Index <= disk.LastIndex || message.Term < disk.HardState.Term, "what is acknowledged is durable", replica,
                $"acknowledges {message.Index} to r{message.To}, the disk ends at {disk.LastIndex}");
        }
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
