using System;

namespace Orleans.Raft.Core;

/// <summary>Two majorities, both of which must agree (Raft §6); the outgoing one is empty when no change is going on.</summary>
/// <param name="Incoming">The configuration in force, or the one that is being entered.</param>
/// <param name="Outgoing">The one that is being left.</param>
internal readonly record struct JointConfig(MajorityConfig Incoming, MajorityConfig Outgoing)
{
    /// <summary>True while two majorities must agree.</summary>
    public bool IsJoint => !Outgoing.IsEmpty;

    /// <summary>Whether a replica votes in either half.</summary>
    public bool Contains(ReplicaId id) => Incoming.Contains(id) || Outgoing.Contains(id);

    /// <summary>
    /// True when this replica alone is the quorum, of both halves: nobody else could confirm anything. Being one of one is not enough: it must be that one.
    /// </summary>
    public bool IsSoleVoter(ReplicaId id) =>
        Incoming.Count == 1 && Incoming.Contains(id) && (!IsJoint || (Outgoing.Count == 1 && Outgoing.Contains(id)));

    /// <summary>What both halves have reached: an entry that only the new half has could be lost to a leader that the old half elects (Raft §6).</summary>
    public long CommittedIndex<TIndex>(in TIndex acknowledged)
        where TIndex : struct, IReplicaIndex =>
        Math.Min(Incoming.CommittedIndex(acknowledged), Outgoing.CommittedIndex(acknowledged));

    /// <summary>Won in both halves, or lost in either: a candidate that only one half elects could meet another one that the other half elects (Raft §6).</summary>
    public VoteResult VoteResult<TVotes>(in TVotes votes)
        where TVotes : struct, IReplicaVotes
    {
        var incoming = Incoming.VoteResult(votes);
        var outgoing = Outgoing.VoteResult(votes);
        return incoming == outgoing ? incoming
            : incoming is Core.VoteResult.Lost || outgoing is Core.VoteResult.Lost ? Core.VoteResult.Lost
            : Core.VoteResult.Pending;
    }

    public override string ToString() => IsJoint ? $"{Incoming}&&{Outgoing}" : Incoming.ToString();
}
