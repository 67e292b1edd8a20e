using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>Kind of a <see cref="Message"/>; numbers are those of etcd's raftpb.</summary>
[Experimental("ORLEANSRAFT001")]
public enum MessageType
{
    /// <summary>Local: start an election.</summary>
    MsgHup = 0,

    /// <summary>Local: the leader's time to send heartbeats.</summary>
    MsgBeat = 1,

    /// <summary>A proposal, possibly forwarded to the leader.</summary>
    MsgProp = 2,

    /// <summary>Entries to append (AppendEntries).</summary>
    MsgApp = 3,

    /// <summary>Answer to <see cref="MsgApp"/>, <see cref="MsgSnap"/> or a message of an old term.</summary>
    MsgAppResp = 4,

    /// <summary>Request for a vote.</summary>
    MsgVote = 5,

    /// <summary>Answer to <see cref="MsgVote"/>.</summary>
    MsgVoteResp = 6,

    /// <summary>A snapshot to install.</summary>
    MsgSnap = 7,

    /// <summary>Heartbeat, carries the commit index and the position of pending reads.</summary>
    MsgHeartbeat = 8,

    /// <summary>Answer to <see cref="MsgHeartbeat"/>.</summary>
    MsgHeartbeatResp = 9,

    /// <summary>Local: a peer could not be reached.</summary>
    MsgUnreachable = 10,

    /// <summary>Local: the transfer of a snapshot ended.</summary>
    MsgSnapStatus = 11,

    /// <summary>Local: the leader checks that it still hears a quorum.</summary>
    MsgCheckQuorum = 12,

    /// <summary>Request to hand leadership over.</summary>
    MsgTransferLeader = 13,

    /// <summary>The leader tells its successor to campaign at once.</summary>
    MsgTimeoutNow = 14,

    /// <summary>Request for a read index.</summary>
    MsgReadIndex = 15,

    /// <summary>Answer to <see cref="MsgReadIndex"/>.</summary>
    MsgReadIndexResp = 16,

    /// <summary>Question whether a vote would be granted.</summary>
    MsgPreVote = 17,

    /// <summary>Answer to <see cref="MsgPreVote"/>.</summary>
    MsgPreVoteResp = 18,

    /// <summary>To the append thread: make entries, hard state and snapshot durable.</summary>
    MsgStorageAppend = 19,

    /// <summary>From the append thread: they are durable.</summary>
    MsgStorageAppendResp = 20,

    /// <summary>To the apply thread: apply committed entries.</summary>
    MsgStorageApply = 21,

    /// <summary>From the apply thread: they are applied.</summary>
    MsgStorageApplyResp = 22,

    /// <summary>Local: forget the leader without changing term.</summary>
    MsgForgetLeader = 23,
}
