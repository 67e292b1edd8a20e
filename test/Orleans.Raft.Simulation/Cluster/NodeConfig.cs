using Orleans.Raft.Core;

namespace Orleans.Raft.Simulation;

/// <summary>How a seed's settings become the node's.</summary>
internal static class NodeConfig
{
    public static RaftConfig Of(SimSettings settings, SimSwitches switches, ReplicaId id, long applied, ulong electionSeed, bool isTraced) => new()
    {
        Id = id,
        ElectionTicks = settings.ElectionTicks,
        HeartbeatTicks = 1,
        ElectionSeed = electionSeed,
        Applied = applied,
        MaxSizePerMessage = settings.MaxSizePerMessage,
        MaxCommittedSizePerReady = settings.MaxCommittedSizePerReady,
        MaxUncommittedSize = settings.MaxUncommittedSize == 0 ? RaftConfig.NoLimit : settings.MaxUncommittedSize,
        MaxInflightMessages = settings.MaxInflightMessages,
        MaxInflightBytes = settings.MaxInflightBytes == 0 ? 0 : Math.Max(settings.MaxInflightBytes, settings.MaxSizePerMessage),
        PreVote = settings.PreVote,
        CheckQuorum = settings.CheckQuorum,
        ReadOnlyOption = settings.LeaseReads ? ReadOnlyOption.LeaseBased : ReadOnlyOption.Safe,
        // The shortest time in which that many ticks can pass: the first one may come at once.
        VotePromise = settings.LeaseReads ? TimeSpan.FromMicroseconds((settings.ElectionTicks - 1) * SimSettings.Tick) : TimeSpan.Zero,
        AsyncStorageWrites = settings.AsyncStorageWrites,
        VoteRequestsWaitForDisk = !switches.EarlyVotes,
        ExplainRefusals = true,
        StepDownOnRemoval = settings.StepDownOnRemoval,
        DisableProposalForwarding = settings.DisableProposalForwarding,
        RefuseConfChanges = settings.RefuseConfChanges,
        CoalesceAppends = settings.CoalesceAppends,
        IsTraced = isTraced,
    };

    /// <summary>The change in an entry. An entry that carries none was let through by a broken leader.</summary>
    public static ConfChangeV2 ConfChangeOf(in Entry entry) => ConfChangeCodec.TryDecode(entry, out var change)
        ? change
        : throw new SimViolationException("a committed configuration change can be read", entry.ToString());
}

/// <summary>Small questions to Core's values.</summary>
internal static class CoreExtensions
{
    /// <summary>True for what may leave before the write of the same Ready: a leader's appends and heartbeats promise nothing.</summary>
    public static bool MayLeaveEarly(this Message message) =>
        message.Type is MessageType.MsgApp or MessageType.MsgHeartbeat or MessageType.MsgSnap or MessageType.MsgProp or MessageType.MsgReadIndex;

    public static bool IsTaken(this ProposeResult result) => result.Status is ProposeStatus.Accepted or ProposeStatus.Forwarded;

    public static bool Has(this ConfState config, ReplicaId id) =>
        config.Voters.Contains(id) || config.Learners.Contains(id) || config.VotersOutgoing.Contains(id) || config.LearnersNext.Contains(id);
}
