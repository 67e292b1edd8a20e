using System;
using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>How reads are made linearizable (thesis §6.4).</summary>
[Experimental("ORLEANSRAFT001")]
public enum ReadOnlyOption
{
    /// <summary>Each read is confirmed by a round of heartbeats that starts after it. The default.</summary>
    Safe = 0,

    /// <summary>
    /// A leader whose lease holds answers at once. Danger: correct only while clocks drift apart less than
    /// <see cref="RaftConfig.ClockDriftPercent"/>; a suspended machine whose monotonic clock stops breaks it. Without a lease it acts as <see cref="Safe"/>.
    /// </summary>
    LeaseBased = 1,
}

/// <summary>Settings of a <see cref="RaftNode"/>. Defaults are those under which the conformance traces were recorded; hosting sets the safe ones.</summary>
[Experimental("ORLEANSRAFT001")]
public sealed record RaftConfig
{
    /// <summary>Limit that is none.</summary>
    public const long NoLimit = long.MaxValue;

    /// <summary>This replica.</summary>
    public required ReplicaId Id { get; init; }

    /// <summary>Ticks without a leader after which a follower campaigns; the actual number is drawn from [this, twice this).</summary>
    public int ElectionTicks { get; init; } = 10;

    /// <summary>Ticks between heartbeats.</summary>
    public int HeartbeatTicks { get; init; } = 1;

    /// <summary>Seed of the election timeouts. Replicas of one group should differ; the id is mixed in.</summary>
    public ulong ElectionSeed { get; init; }

    /// <summary>Last index that the state machine holds durably. Null: it holds what the log's start says, and starts there.</summary>
    public long? Applied { get; init; }

    /// <summary>Encoded bytes of entries in one message; at least one entry is always sent, so 0 means one entry a message. Default: no limit.</summary>
    public long MaxSizePerMessage { get; init; } = NoLimit;

    /// <summary>Encoded bytes of committed entries handed out and not yet applied; 0 means as <see cref="MaxSizePerMessage"/>. Default: no limit.</summary>
    public long MaxCommittedSizePerReady { get; init; } = NoLimit;

    /// <summary>Payload bytes proposed by this leader and not yet applied, beyond which proposals are refused. Default: no limit.</summary>
    public long MaxUncommittedSize { get; init; } = NoLimit;

    /// <summary>Append messages in flight to one peer. Default: no limit.</summary>
    public int MaxInflightMessages { get; init; } = int.MaxValue;

    /// <summary>Payload bytes in flight to one peer; 0 means no limit. One message may exceed it.</summary>
    public long MaxInflightBytes { get; init; }

    /// <summary>Reads that may wait for a new leader's first commit. Default 10,000.</summary>
    public int MaxPendingReads { get; init; } = 10_000;

    /// <summary>Ask for votes before raising the term (thesis §9.6), so that a replica that was cut off does not depose a working leader.</summary>
    public bool PreVote { get; init; }

    /// <summary>A leader that hears no quorum for an election timeout steps down; followers that hear a leader ignore candidates (thesis §6.2, §4.2.3).</summary>
    public bool CheckQuorum { get; init; }

    /// <summary>How reads are made linearizable.</summary>
    public ReadOnlyOption ReadOnlyOption { get; init; }

    /// <summary>
    /// How long, by its own monotonic time, this replica refuses to vote or campaign after a heartbeat and after its start. Zero: no promise, and a leader
    /// gets no lease from this replica. For lease reads: at most the shortest time in which <see cref="ElectionTicks"/> pass.
    /// </summary>
    public TimeSpan VotePromise { get; init; }

    /// <summary>Part of each promise that is given away for clocks that run at different rates, in percent. Default 10.</summary>
    public int ClockDriftPercent { get; init; } = 10;

    /// <summary>Entries become durable by messages to a local append thread, and applied by messages to an apply thread; Advance is not called.</summary>
    public bool AsyncStorageWrites { get; init; }

    /// <summary>
    /// Vote requests leave only when the candidate's own term and vote are durable. Danger when false together with <see cref="AsyncStorageWrites"/>: a candidate
    /// that loses power may campaign, and win, a second time in one term, with another log (SAFETY-RULES A8); pre-vote does not prevent it.
    /// False only because the conformance traces were recorded so. Without asynchronous writes it makes no difference.
    /// </summary>
    public bool VoteRequestsWaitForDisk { get; init; }

    /// <summary>
    /// No request is refused in silence for its old term, and candidates and who refuses them name their commit positions: the other side commits up to it where
    /// its log agrees. Without it a group can be stuck for ever. A leader that was removed or demoted may hold a longer log than the members that remain, which
    /// don't know yet that its removal is committed and need its vote; a replica with the longest log may not know yet that it has become a voter; a member with
    /// an old configuration may run ahead of the others' terms without asking them; and a voter that campaigned and was demoted meanwhile ignores its leader.
    /// False only because the conformance traces were recorded so.
    /// </summary>
    public bool ExplainRefusals { get; init; }

    /// <summary>
    /// A leader's appends and commit news leave once per Ready and peer instead of once per proposal and acknowledgement. Saves messages when proposals come in
    /// bursts; decides nothing differently. False because the traces show every message.
    /// </summary>
    public bool CoalesceAppends { get; init; }

    /// <summary>A leader that is removed or demoted steps down when it applies the change.</summary>
    public bool StepDownOnRemoval { get; init; }

    /// <summary>Followers refuse proposals instead of sending them to the leader.</summary>
    public bool DisableProposalForwarding { get; init; }

    /// <summary>Configuration changes are appended whatever is pending. The host must know that they apply.</summary>
    public bool DisableConfChangeValidation { get; init; }

    /// <summary>A configuration change that cannot be made now is refused; when false an empty entry is appended in its place, as the traces want.</summary>
    public bool RefuseConfChanges { get; init; }

    /// <summary>The node keeps its decisions for <see cref="RaftNode.TryTakeTrace"/>. When false nothing is made and nothing is kept.</summary>
    public bool IsTraced { get; init; }

    /// <summary>Checks ranges and relations.</summary>
    /// <exception cref="ArgumentException">Names the setting, its value and what is allowed.</exception>
    public void Validate()
    {
        Require(!Id.IsNone && !Id.IsLocalThread && Id.Value > 0, nameof(Id), Id, "a positive replica number");
        Require(HeartbeatTicks > 0, nameof(HeartbeatTicks), HeartbeatTicks, "at least 1");
        Require(ElectionTicks > HeartbeatTicks, nameof(ElectionTicks), ElectionTicks, $"more than HeartbeatTicks ({HeartbeatTicks})");
        Require(ElectionTicks <= int.MaxValue / 2, nameof(ElectionTicks), ElectionTicks, "at most half of int.MaxValue");
        Require(MaxSizePerMessage >= 0, nameof(MaxSizePerMessage), MaxSizePerMessage, "0 or more");
        Require(MaxCommittedSizePerReady >= 0, nameof(MaxCommittedSizePerReady), MaxCommittedSizePerReady, "0 or more");
        Require(MaxUncommittedSize >= 0, nameof(MaxUncommittedSize), MaxUncommittedSize, "0 or more");
        Require(MaxInflightMessages > 0, nameof(MaxInflightMessages), MaxInflightMessages, "at least 1");
        Require(MaxInflightBytes >= 0, nameof(MaxInflightBytes), MaxInflightBytes, "0 (no limit) or more");
        Require(
            MaxInflightBytes == 0 || MaxSizePerMessage == NoLimit || MaxInflightBytes >= MaxSizePerMessage,
            nameof(MaxInflightBytes),
            MaxInflightBytes,
            $"at least MaxSizePerMessage ({MaxSizePerMessage})");
        Require(MaxPendingReads > 0, nameof(MaxPendingReads), MaxPendingReads, "at least 1");
        Require(VotePromise >= TimeSpan.Zero && VotePromise <= TimeSpan.FromDays(1), nameof(VotePromise), VotePromise, "zero to one day");
        Require(ClockDriftPercent is >= 0 and < 100, nameof(ClockDriftPercent), ClockDriftPercent, "0 to 99");
        Require(
            ReadOnlyOption is ReadOnlyOption.Safe || CheckQuorum,
            nameof(CheckQuorum),
            CheckQuorum,
            "true with ReadOnlyOption.LeaseBased: a leader without a quorum must step down");
    }

    private static void Require<T>(bool condition, string setting, T value, string allowed)
    {
        if (!condition)
        {
            throw new ArgumentException($"RaftConfig.{setting} is {value}; allowed: {allowed}.");
        }
    }
}
