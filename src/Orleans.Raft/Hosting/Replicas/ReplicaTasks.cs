using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>
/// What a replica has to do for others and has not done yet: commands, reads, snapshots on their way. Apart from the replica, because it is dropped while the replica
/// sleeps: a silo holds thousands that do.
/// </summary>
internal sealed class ReplicaTasks
{
    /// <summary>Commands that this leader has proposed and not yet applied, with who is to be answered; null is this silo.</summary>
    public Dictionary<(long Session, long Sequence), string?> Commands { get; } = [];

    /// <summary>Likewise sessions that are to be registered.</summary>
    public Dictionary<Guid, string?> Registrations { get; } = [];

    /// <summary>Answers of this burst, by silo.</summary>
    public Dictionary<string, AnswerBatch> Answers { get; } = new(StringComparer.Ordinal);

    /// <summary>Last index and time of what this leader has proposed and seen no commit of; kept only while somebody looks at commit latencies.</summary>
    public Queue<(long Index, TimeSpan At)> Proposals { get; } = new();

    /// <summary>Reads that wait for a round.</summary>
    public Queue<PendingRead> Reads { get; } = new();

    /// <summary>Rounds without an answer, by context.</summary>
    public Dictionary<long, ReadRound> Rounds { get; } = [];

    /// <summary>Rounds that wait until what they may read is applied, by its index.</summary>
    public PriorityQueue<ReadRound, long> ConfirmedRounds { get; } = new();

    /// <summary>Snapshots on their way to others, by addressee.</summary>
    public Dictionary<ReplicaId, SnapshotTransfer> Transfers { get; } = [];

    /// <summary>True when nothing is left to do for anybody.</summary>
    public bool IsEmpty => Commands.Count == 0
        && Registrations.Count == 0
        && Reads.Count == 0
        && Rounds.Count == 0
        && ConfirmedRounds.Count == 0
        && Transfers.Count == 0
        && Answers.Values.All(static batch => batch.Answers.Count == 0);
}

/// <summary>Answers for one silo that leave together.</summary>
internal sealed class AnswerBatch
{
    /// <summary>The session that they answer.</summary>
    public long Session { get; set; }

    /// <summary>The answers.</summary>
    public List<CommandAnswer> Answers { get; } = [];
}

/// <summary>Reads that share one question for the read index.</summary>
internal sealed class ReadRound(long context, long startTick)
{
    /// <summary>Its number.</summary>
    public long Context { get; } = context;

    /// <summary>When it was asked.</summary>
    public long StartTick { get; } = startTick;

    /// <summary>The reads.</summary>
    public List<PendingRead> Reads { get; } = [];
}
