using Orleans.Raft.Core;

namespace Orleans.Raft.Simulation;

/// <summary>Commits, applying, reads.</summary>
internal sealed partial class Checker
{
    private const string StateMachineSafety = "state-machine safety: no two replicas commit different entries at one index";
    private const string CommittedIsDurable = "a committed entry is durable on a quorum of the configuration in force";
    private const string ReadsAreConfirmed = "whoever confirms a read still led when it was asked";
    private const string ReadsAreFresh = "a read is never behind what was acknowledged or read before it began";

    /// <summary>A replica applies an entry.</summary>
    public void OnApply(SimReplica replica, in Entry entry)
    {
        var applied = replica.StateMachine.Current.Id.Index;
        Require(entry.Index == applied + 1, "entries are applied one after the other", replica, $"applies {entry.Id} after {applied}");
        Require(entry.Index <= CommittedIndex && entry.Index <= replica.Node!.Committed, "applied \u2264 committed", replica,
            $"applies {entry.Id}, committed is {CommittedIndex}, the node says {replica.Node!.Committed}");
        var committed = _committed[(int)entry.Index];
        Require(committed.Term == entry.Term && committed.Digest == Digest.Of(entry), StateMachineSafety, replica,
            $"applies {entry}, committed at that index was term {committed.Term}");
        Require(replica.Disk.TryGetTerm(entry.Index, out var term) && term == entry.Term, "only what is on the own disk is applied", replica,
            $"applies {entry.Id}, its disk holds {replica.Disk.FirstIndex}..{replica.Disk.LastIndex}, term there {term}");
    }

    /// <summary>A replica has applied a configuration.</summary>
    public void OnConfig(SimReplica replica, long index, ConfState config)
    {
        if (_configs.TryAdd(index, config))
        {
            _configIndexes.Add(index);
        }

        Require(_configs[index].Equals(config), StateMachineSafety, replica,
            $"has configuration {config} at {index}; elsewhere it is {_configs[index]}");
    }

    public void OnAcknowledged(long index) => _floor = Math.Max(_floor, index);

    public void OnReadServed(SimReplica replica, SimRead read, long index)
    {
        Require(index >= read.Floor, ReadsAreFresh, replica,
            $"answers read {read.Context}, asked at {read.AskedAt} us, from index {index}; it must see {read.Floor}");
        _floor = Math.Max(_floor, index);
        _world.Totals.Reads++;
    }

    /// <summary>
    /// A leader says from which index on a read is fresh. If another had been elected in a later term by when it was asked, no quorum can have confirmed it, or no
    /// lease covers it: the next write that the other acknowledges would be missed.
    /// </summary>
    /// <param name="replica">The leader, or who was told by it.</param>
    /// <param name="askedAt">When; null if whoever asked has forgotten it.</param>
    /// <param name="term">The leader's term, or a later one.</param>
    public void OnReadConfirmed(SimReplica replica, long? askedAt, long term)
    {
        foreach (var election in _elections)
        {
            Require(election.Term <= term || askedAt is not { } asked || election.At >= asked, ReadsAreConfirmed, replica,
                $"confirms in term {term} a read asked at {askedAt} us; term {election.Term} was won at {election.At} us");
        }
    }

    private ConfState ConfigAt(long index)
    {
        for (var i = _configIndexes.Count - 1; i >= 0; i--)
        {
            if (_configIndexes[i] <= index)
            {
                return _configs[_configIndexes[i]];
            }
        }

        return _configs[SimWorld.Genesis.Index];
    }

    private void OnCommit(SimReplica replica, ref View view)
    {
        var known = view.Committed;
        var fresh = CommittedIndex;
        var shadow = replica.Shadow;
        Require(known <= shadow.Last, "only what is in the log is committed", replica, $"commits {known}, its log ends at {shadow.Last}");
        for (var index = Math.Max(view.CheckedCommit, shadow.Offset) + 1; index <= Math.Min(known, fresh); index++)
        {
            Require(_committed[(int)index].Term == shadow.Term(index), StateMachineSafety, replica,
                $"commits {shadow.Term(index)}/{index}, committed there was term {_committed[(int)index].Term}");
        }

        if (known > fresh)
        {
            OnFirstCommit(replica, fresh, known, view.CommitConfig!);
        }

        view = view with { CheckedCommit = Math.Max(view.CheckedCommit, known) };
    }

    private void OnFirstCommit(SimReplica replica, long fresh, long known, ConfState config)
    {
        var node = replica.Node!;
        var shadow = replica.Shadow;
        var led = _leaders.TryGetValue(shadow.Term(known), out var leads) && leads == (replica.Number, replica.Life);
        Require(led, "a leader commits first, and by counting only entries of its own term (\u00a75.4.2)", replica,
            $"is {node.Role} in term {node.Term} and commits {shadow.Term(known)}/{known}, before was {fresh}");
        for (var index = fresh + 1; index <= known; index++)
        {
            var id = new EntryId(shadow.Term(index), index);
            var digest = _entries[id].Digest;
            _committed.Add(new CommittedEntry(id.Term, digest, Digest.Chain(_committed[^1].Chain, id, digest), shadow.Term(known)));
        }

        _world.Totals.Committed += known - fresh;
        RequireDurable(replica, known, shadow.Term(known), config);
        for (var number = 1; number <= _world.ReplicaCount; number++)
        {
            var other = _world.Replica(number);
            if (other.Node is not { Role: RaftRole.Leader } leader || leader.Term <= node.Term)
            {
                continue;
            }

            if (other.IsWriting)
            {
                ref var view = ref _views[number];
                view = view with { MustHoldCommitted = true };
            }
            else
            {
                RequireHoldsCommitted(other, known, $"leads, and r{replica.Number} commits in term {node.Term},");
            }
        }
    }

    private void RequireDurable(SimReplica replica, long index, long term, ConfState config)
    {
        var holds = IsDurableOnQuorum(config.Voters, index, term)
            && (!config.IsJoint || IsDurableOnQuorum(config.VotersOutgoing, index, term));
        Require(holds, CommittedIsDurable, replica, $"commits {term}/{index} under {config}; durable: {DescribeDurable()}");
    }

    private bool IsDurableOnQuorum(IReadOnlyCollection<ReplicaId> voters, long index, long term)
    {
        var holders = 0;
        foreach (var voter in voters)
        {
            var disk = _world.Replica((int)voter.Value).Disk;
            if (index < disk.FirstIndex || (disk.TryGetTerm(index, out var found) && found == term))
            {
                holders++;
            }
        }

        return holders > voters.Count / 2;
    }

    private string DescribeDurable() =>
        string.Join(", ", Enumerable.Range(1, _world.ReplicaCount).Select(_world.Replica).Select(r => $"r{r.Number} to {r.Disk.LastIndex}"));
}
