using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>What a <see cref="TraceEvent"/> tells.</summary>
[Experimental("ORLEANSRAFT001")]
public enum TraceKind
{
    /// <summary>The replica entered a role, perhaps the same one in a new term.</summary>
    RoleEntered = 0,

    /// <summary>The replica knows another leader than before, or none any more.</summary>
    LeaderChanged,

    /// <summary>The replica gave its vote, or said in a pre-vote that it would; the position is the candidate's last entry.</summary>
    VoteGranted,

    /// <summary>The replica refused a vote; the position is the candidate's last entry.</summary>
    VoteRefused,

    /// <summary>A leader's entries don't fit on this log; the position is where the logs may agree.</summary>
    AppendRejected,

    /// <summary>The commit index moved; the position has no term.</summary>
    Committed,

    /// <summary>The leader sends to a peer in another way than before; the position is what the peer has acknowledged.</summary>
    PeerStateChanged,

    /// <summary>A snapshot goes to a peer.</summary>
    SnapshotSent,

    /// <summary>A snapshot has replaced the log, and is to be stored.</summary>
    SnapshotRestored,

    /// <summary>A configuration change was applied; the position is how far the log was applied before it.</summary>
    ConfigurationChanged,

    /// <summary>A committed configuration change is impossible in the configuration at hand, and changed nothing.</summary>
    ConfigurationKept,

    /// <summary>The leader hands leadership to a peer.</summary>
    TransferStarted,

    /// <summary>The hand-over has ended, whether it succeeded or not.</summary>
    TransferEnded,

    /// <summary>A peer was told to campaign at once; from now on this leader has no lease.</summary>
    TimeoutNowSent,

    /// <summary>A message or a verb was refused or ignored; the reason says why.</summary>
    InputRefused,

    /// <summary>An invariant broke; the replica will do nothing any more.</summary>
    Faulted,
}
