using Orleans.Raft.Core;

namespace Orleans.Raft.Simulation;

/// <summary>What a seed draws before anything happens: how big the cluster is, how it is configured, how bad its world is.</summary>
internal sealed class SimSettings
{
    /// <summary>Nominal tick, microseconds.</summary>
    public const int Tick = 10_000;

    /// <summary>Highest replica number; numbers are never used twice, so this bounds how many replicas a seed can see.</summary>
    public const int MaxReplicas = 24;

    /// <summary>Most voters and learners at one time.</summary>
    public const int MaxMembers = 7;

    public SimSettings(SimRandom random, SimSwitches switches)
    {
        Members = random.Pick([1, 2, 3, 3, 3, 3, 4, 5, 5, 5, 6, 7]);
        ElectionTicks = random.Between(4, 10);
        AsyncStorageWrites = random.Chance(650);
        PreVote = !switches.IgnoreLives && random.Chance(700);
        CheckQuorum = random.Chance(700);
        LeaseReads = CheckQuorum && random.Chance(500);
        StepDownOnRemoval = random.Chance(500);
        DisableProposalForwarding = random.Chance(300);
        RefuseConfChanges = random.Chance(500);
        StepWhileWriting = random.Chance(500);
        SendBeforeWrite = random.Chance(500);
        MaxInflightMessages = random.Pick([1, 2, 8, 64]);
        MaxInflightBytes = random.Chance(300) ? random.Between(200, 2000) : 0;
        MaxSizePerMessage = random.Pick([0, 64, 300, 4096]);
        MaxCommittedSizePerReady = random.Pick([1, 200, 65536]);
        MaxUncommittedSize = random.Chance(300) ? random.Between(500, 4000) : 0;
        DropPermille = random.Pick([0, 5, 20, 60, 150]);
        DuplicatePermille = random.Pick([0, 5, 30, 100]);
        LatePermille = random.Pick([0, 5, 30, 100]);
        DelayMin = random.Between(50, 1000);
        DelayMax = DelayMin + random.Pick([100, 1000, Tick / 2, Tick * 2]);
        DiskMax = random.Pick([200, 2000, Tick, Tick * 3]);
        ApplyMax = random.Pick([100, 2000, Tick]);
        DriftPpm = random.Pick([0, 1000, 20_000, 50_000]);
        TickJitter = random.Pick([0, 0, Tick / 10, Tick / 3]);
        FaultEvery = random.Between(ElectionTicks / 2, ElectionTicks * 2) * Tick;
        ClientEvery = random.Between(Tick / 2, Tick * 2);
        AdminEvery = random.Between(ElectionTicks / 2, ElectionTicks * 3) * Tick;
        TailPermille = random.Pick([0, 0, 300, 900]);
        Steps = random.Between(2000, 3000);
        ElectionCrashPermille = random.Pick([0, 0, 30, 200]);
    }

    public int Members { get; }

    public int ElectionTicks { get; }

    public bool AsyncStorageWrites { get; }

    public bool PreVote { get; }

    public bool CheckQuorum { get; }

    public bool LeaseReads { get; }

    public bool StepDownOnRemoval { get; }

    public bool DisableProposalForwarding { get; }

    public bool RefuseConfChanges { get; }

    /// <summary>Synchronous mode: messages are stepped while a write is under way, else they wait for it.</summary>
    public bool StepWhileWriting { get; }

    /// <summary>Synchronous mode: what doesn't promise anything leaves before the write, else after it.</summary>
    public bool SendBeforeWrite { get; }

    public int MaxInflightMessages { get; }

    public int MaxInflightBytes { get; }

    public int MaxSizePerMessage { get; }

    public int MaxCommittedSizePerReady { get; }

    public int MaxUncommittedSize { get; }

    public int DropPermille { get; }

    public int DuplicatePermille { get; }

    /// <summary>Share of messages that come up to two election timeouts late.</summary>
    public int LatePermille { get; }

    public int DelayMin { get; }

    public int DelayMax { get; }

    public int DiskMax { get; }

    public int ApplyMax { get; }

    /// <summary>Bound of each clock's deviation from true time, parts per million.</summary>
    public int DriftPpm { get; }

    public int TickJitter { get; }

    public int FaultEvery { get; }

    public int ClientEvery { get; }

    public int AdminEvery { get; }

    /// <summary>Share of compactions that keep a tail of the log for slow followers.</summary>
    public int TailPermille { get; }

    /// <summary>Share of campaigns and elections right after which the process dies: what it has just decided is said to some, and stored or not.</summary>
    public int ElectionCrashPermille { get; }

    /// <summary>Steps before the last fault.</summary>
    public int Steps { get; }

    /// <summary>Half of the seeds; follows from another draw, so that seeds which found something before it existed still mean the same.</summary>
    public bool CoalesceAppends => Steps % 2 == 1;

    /// <summary>Longest randomized election timeout, microseconds of true time, on the slowest clock.</summary>
    public long ElectionTimeout => (2L * ElectionTicks * Tick * (1_000_000 + DriftPpm) / 1_000_000) + TickJitter;

    public override string ToString() =>
        $"{Members} members, {(AsyncStorageWrites ? "async" : "sync")} storage, election {ElectionTicks} ticks of {Tick / 1000} ms"
        + $"{(PreVote ? ", pre-vote" : "")}{(CheckQuorum ? ", check-quorum" : "")}{(LeaseReads ? ", lease reads" : "")}"
        + $"{(StepDownOnRemoval ? ", step-down on removal" : "")}{(DisableProposalForwarding ? ", no forwarding" : "")}"
        + $"{(CoalesceAppends ? ", gathered appends" : "")}; inflight {MaxInflightMessages}/{MaxInflightBytes} B, message {MaxSizePerMessage} B, ready {MaxCommittedSizePerReady} B, uncommitted {MaxUncommittedSize} B"
        + $"; drop {DropPermille}\u2030, duplicate {DuplicatePermille}\u2030, late {LatePermille}\u2030, delay {DelayMin}..{DelayMax} us"
        + $", disk {DiskMax} us, drift {DriftPpm} ppm, crashes after elections {ElectionCrashPermille}\u2030";
}
