using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>Classes of messages.</summary>
[Experimental("ORLEANSRAFT001")]
public static class MessageTypes
{
    /// <summary>Kinds that never come from another replica. A host must not pass them from the wire, whatever sender they name.</summary>
    public static bool IsLocal(this MessageType type) => type switch
    {
        MessageType.MsgHup or MessageType.MsgBeat or MessageType.MsgUnreachable or MessageType.MsgSnapStatus
            or MessageType.MsgCheckQuorum or MessageType.MsgForgetLeader or MessageType.MsgStorageAppend
            or MessageType.MsgStorageAppendResp or MessageType.MsgStorageApply or MessageType.MsgStorageApplyResp => true,
        MessageType.MsgProp or MessageType.MsgApp or MessageType.MsgAppResp or MessageType.MsgVote or MessageType.MsgVoteResp
            or MessageType.MsgSnap or MessageType.MsgHeartbeat or MessageType.MsgHeartbeatResp or MessageType.MsgTransferLeader
            or MessageType.MsgTimeoutNow or MessageType.MsgReadIndex or MessageType.MsgReadIndexResp or MessageType.MsgPreVote
            or MessageType.MsgPreVoteResp => false,
    };

    /// <summary>Answers, the local threads' too; those of replicas that are not tracked are refused.</summary>
    public static bool IsResponse(this MessageType type) =>
        type is MessageType.MsgAppResp or MessageType.MsgVoteResp or MessageType.MsgHeartbeatResp or MessageType.MsgReadIndexResp
            or MessageType.MsgPreVoteResp or MessageType.MsgStorageAppendResp or MessageType.MsgStorageApplyResp;

    /// <summary>
    /// Answers that promise something about the disk, rejections too: they leave only when what was decided before them is durable.
    /// </summary>
    internal static bool WaitsForDisk(this MessageType type) =>
        type is MessageType.MsgAppResp or MessageType.MsgVoteResp or MessageType.MsgPreVoteResp;

    /// <summary>Kinds that only the leader of a term sends. A snapshot counts: whoever sends one leads, though having one proves nothing.</summary>
    internal static bool IsFromLeader(this MessageType type) =>
        type is MessageType.MsgApp or MessageType.MsgHeartbeat or MessageType.MsgSnap or MessageType.MsgTimeoutNow;

    /// <summary>Kinds whose term is chosen by the sender; all others carry the sender's current term or none.</summary>
    internal static bool CarriesOwnTerm(this MessageType type) =>
        type is MessageType.MsgVote or MessageType.MsgVoteResp or MessageType.MsgPreVote or MessageType.MsgPreVoteResp;
}
