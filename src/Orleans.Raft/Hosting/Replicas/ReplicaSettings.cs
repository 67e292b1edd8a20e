using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <summary>What makes a replica.</summary>
internal sealed record ReplicaSettings
{
    /// <summary>The group and its members.</summary>
    public required GroupDescriptor Group { get; init; }

    /// <summary>Settings of the node; says the replica's number.</summary>
    public required RaftConfig Node { get; init; }

    /// <summary>This silo's name.</summary>
    public required string Silo { get; init; }

    /// <summary>This life of the silo's store.</summary>
    public required StoreIdentity Life { get; init; }

    /// <summary>Where the log is written.</summary>
    public required ILogStore Store { get; init; }

    /// <summary>The log, opened. Its owner number is the replica's activation number: it fences, and it names the life.</summary>
    public required GroupLog Log { get; init; }

    /// <summary>What is applied, and where it is kept.</summary>
    public required ReplicaState State { get; init; }

    /// <summary>The silo's state store.</summary>
    public required IStateStore StateStore { get; init; }

    /// <summary>The group was recovered from this silo: newcomers get a snapshot, since the configuration of the group's birth is void.</summary>
    public bool IsRecovered { get; init; }

    /// <summary>Entries below the last saved state that are kept for followers that are a little behind.</summary>
    public long TailEntries { get; init; } = 1_000;

    /// <summary>Whether a silo could take leadership over now.</summary>
    public Func<string, bool> MayLead { get; init; } = static _ => true;

    /// <summary>Committed entries that may wait to be applied while another store is slow; beyond it the leader hands over and refuses (SAFETY-RULES B7).</summary>
    public long MaxBacklog { get; init; } = 64;

    /// <summary>How long another store may hold up a batch before the leader hands over.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>First read context. Random in every life, so that a late answer to a former one is nobody's (SAFETY-RULES A8).</summary>
    public required long FirstReadContext { get; init; }

    /// <summary>Ticks after which an unanswered read round goes back to who asked.</summary>
    public int ReadPatienceTicks { get; init; } = 10;

    /// <summary>Reads held at most.</summary>
    public int MaxReads { get; init; } = 10_000;

    /// <summary>Whether leadership may be handed to the replica on a silo.</summary>
    public Func<string, bool> IsEligible { get; init; } = static _ => true;

    /// <summary>Ticks without work after which a group sleeps; 0 for never.</summary>
    public int SleepAfterTicks { get; init; }

    /// <summary>Whether a silo answers on its lane.</summary>
    public Func<string, bool> IsAlive { get; init; } = static _ => true;

    /// <summary>Where latencies, changes and drops are counted.</summary>
    public RaftMetrics Metrics { get; init; } = RaftMetrics.Unobserved;
}
