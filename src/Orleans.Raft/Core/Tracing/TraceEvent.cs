using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>
/// One decision of a node, for logs and for the stories of tests. A value that the host takes when it likes (<see cref="RaftNode.TryTakeTrace"/>), not a
/// callback: nobody runs inside a verb, so nobody can throw there, call the node again, or make a replay differ.
/// </summary>
/// <param name="Kind">What happened.</param>
/// <param name="Replica">To whom.</param>
/// <param name="Role">Its role afterwards.</param>
/// <param name="Term">Its term afterwards.</param>
/// <param name="Leader">The leader it knows afterwards, or none.</param>
/// <param name="Peer">The other replica concerned, or none.</param>
/// <param name="Position">The position concerned, see <see cref="TraceKind"/>.</param>
/// <param name="Sending">How entries are sent to the peer from now on, where that is what happened.</param>
/// <param name="Reason">Why something was refused, or none.</param>
[Experimental("ORLEANSRAFT001")]
public readonly record struct TraceEvent(
    TraceKind Kind,
    ReplicaId Replica,
    RaftRole Role,
    long Term,
    ReplicaId Leader,
    ReplicaId Peer,
    EntryId Position,
    ProgressState Sending,
    RefusalReason Reason)
{
    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        TraceKind.RoleEntered => $"is {Role} in term {Term}, leader {Leader}",
        TraceKind.LeaderChanged => $"knows leader {Leader} in term {Term}",
        TraceKind.VoteGranted => $"grants {Peer} with {Position} its vote",
        TraceKind.VoteRefused => $"refuses {Peer} with {Position} its vote",
        TraceKind.AppendRejected => $"rejects entries of {Peer}: the logs may agree at {Position}",
        TraceKind.Committed => $"knows {Position.Index} to be committed",
        TraceKind.PeerStateChanged => $"sends to {Peer} by {Sending}, match {Position.Index}",
        TraceKind.SnapshotSent => $"sends {Peer} snapshot {Position}",
        TraceKind.SnapshotRestored => $"takes snapshot {Position} of {Peer}",
        TraceKind.ConfigurationChanged => $"has another configuration after {Position.Index}",
        TraceKind.ConfigurationKept => $"keeps its configuration after {Position.Index}: the change is impossible",
        TraceKind.TransferStarted => $"hands leadership to {Peer}",
        TraceKind.TransferEnded => $"hands leadership to {Peer} no longer",
        TraceKind.TimeoutNowSent => $"tells {Peer} to campaign",
        TraceKind.InputRefused => $"refuses or ignores what came: {Reason}",
        TraceKind.Faulted => "has faulted",
    };
}
