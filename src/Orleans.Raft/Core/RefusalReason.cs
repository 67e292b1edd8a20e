using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>Why a verb or a message was refused or ignored.</summary>
[Experimental("ORLEANSRAFT001")]
public enum RefusalReason
{
    /// <summary>It was not.</summary>
    None = 0,

    /// <summary>The replica has faulted; <see cref="RaftNode.Fault"/> says why. It answers everything with this.</summary>
    Faulted,

    /// <summary>No leader is known; retry after an election.</summary>
    NoLeader,

    /// <summary>This replica is not the leader.</summary>
    NotLeader,

    /// <summary>This replica leads already.</summary>
    AlreadyLeader,

    /// <summary>An election is going on here.</summary>
    ElectionInProgress,

    /// <summary>This replica is not in its own configuration.</summary>
    NotMember,

    /// <summary>The addressed replica is a learner.</summary>
    Learner,

    /// <summary>Leadership is being handed over; retry with the next leader.</summary>
    TransferInProgress,

    /// <summary>Too many bytes are proposed and not yet applied; retry later.</summary>
    UncommittedLimit,

    /// <summary>Too many reads wait for the leader's first commit; retry later.</summary>
    PendingReadLimit,

    /// <summary>Proposals are not forwarded by configuration; ask the leader.</summary>
    ForwardingDisabled,

    /// <summary>An earlier configuration change is not yet applied.</summary>
    ConfChangePending,

    /// <summary>The configuration is joint and must be left first.</summary>
    ConfChangeJoint,

    /// <summary>There is no joint configuration to leave.</summary>
    ConfChangeNotJoint,

    /// <summary>The change cannot be read.</summary>
    ConfChangeMalformed,

    /// <summary>The change leads to no valid configuration, for instance to one without voters.</summary>
    ConfChangeImpossible,

    /// <summary>The peer is not tracked here.</summary>
    UnknownPeer,

    /// <summary>A kind of message that never comes from another replica.</summary>
    LocalMessage,

    /// <summary>The message contradicts itself.</summary>
    MalformedMessage,

    /// <summary>The message is of an older term.</summary>
    OldTerm,

    /// <summary>This replica still hears a leader, or has promised not to vote yet (thesis §6.4.1, §4.2.3).</summary>
    LeaderAlive,

    /// <summary>The replica may not campaign: learner, not a member, or a snapshot is being installed.</summary>
    NotPromotable,

    /// <summary>Committed configuration changes are not yet applied.</summary>
    UnappliedConfChange,

    /// <summary>The message has no meaning for this role, and that is normal.</summary>
    Irrelevant,

    /// <summary>Leadership, or its term, ended before the answer was sure; ask again.</summary>
    LeadershipLost,

    /// <summary>Lease reads are configured; forgetting the leader would break the promise not to vote.</summary>
    LeaseBasedReads,
}
