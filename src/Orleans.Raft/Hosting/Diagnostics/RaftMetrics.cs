using System.Diagnostics.Metrics;

namespace Orleans.Raft.Hosting;

/// <summary>The meter <c>Orleans.Raft</c> of a silo. Names and tags are listed in docs/OBSERVING.md.</summary>
internal sealed class RaftMetrics
{
    /// <summary>Name of the meter and of the activity source.</summary>
    public const string Name = "Orleans.Raft";

    private static readonly string[] Reasons = [.. Enum.GetNames<DropReason>().Select(Kebab)];

    private readonly Meter _meter;
    private readonly Histogram<double> _proposals;
    private readonly Histogram<double> _reads;
    private readonly Histogram<double> _commits;
    private readonly Histogram<double> _applies;
    private readonly Histogram<double> _logWrites;
    private readonly Histogram<int> _entryCommands;
    private readonly Histogram<int> _batchItems;
    private readonly Histogram<int> _batchBytes;
    private readonly Counter<long> _leaderChanges;
    private readonly Counter<long> _leaderClaims;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _faults;

    public RaftMetrics(Meter meter)
    {
        _meter = meter;
        _proposals = Latency("orleans-raft-proposal-latency", "From a command's call to its answer, as its caller sees it.");
        _reads = Latency("orleans-raft-read-latency", "From a linearizable read's call to its answer, as its caller sees it.");
        _commits = Latency("orleans-raft-commit-latency", "From an entry's proposal at its leader to its commit.");
        _applies = Latency("orleans-raft-apply-latency", "Of a batch of committed entries, until the state store has it.");
        _logWrites = Latency("orleans-raft-log-write-latency", "Of a write to the log, until it is durable.");
        _entryCommands = meter.CreateHistogram<int>("orleans-raft-entry-commands", "{command}", "Commands in a proposed entry.");
        _batchItems = meter.CreateHistogram<int>("orleans-raft-lane-batch-items", "{item}", "Items in a batch sent to another silo; 0 is a beat.");
        _batchBytes = meter.CreateHistogram<int>("orleans-raft-lane-batch-bytes", "By", "Size of a batch sent to another silo.");
        _leaderChanges = meter.CreateCounter<long>("orleans-raft-leader-changes", "{change}", "Times a replica of this silo became or ceased to be leader.");
        _leaderClaims = meter.CreateCounter<long>("orleans-raft-leader-claims", "{claim}", "Times this silo asked for the leadership of a group of which it is the first choice.");
        _dropped = meter.CreateCounter<long>("orleans-raft-dropped", "{item}", "What was not sent or not taken, by reason.");
        _faults = meter.CreateCounter<long>("orleans-raft-faults", "{replica}", "Replicas of this silo that stopped for good.");
    }

    /// <summary>For replicas without a silo around them: nobody listens.</summary>
    public static RaftMetrics Unobserved { get; } = new(new Meter(Name));

    /// <summary>False while nobody wants commit latencies, so that no times need be kept.</summary>
    public bool IsCommitObserved => _commits.Enabled;

    /// <summary>A caller's command ended.</summary>
    public void Proposed(string family, string outcome, TimeSpan took) =>
        _proposals.Record(took.TotalMilliseconds, new("family", family), new("outcome", outcome));

    /// <summary>A caller's read ended.</summary>
    public void Read(string family, string outcome, TimeSpan took) =>
        _reads.Record(took.TotalMilliseconds, new("family", family), new("outcome", outcome));

    /// <summary>An entry proposed here is committed.</summary>
    public void Committed(string family, TimeSpan took) => _commits.Record(took.TotalMilliseconds, new KeyValuePair<string, object?>("family", family));

    /// <summary>A batch of entries is applied.</summary>
    public void Applied(string family, TimeSpan took) => _applies.Record(took.TotalMilliseconds, new KeyValuePair<string, object?>("family", family));

    /// <summary>A write to the log is durable.</summary>
    public void LogWritten(TimeSpan took) => _logWrites.Record(took.TotalMilliseconds);

    /// <summary>An entry was proposed.</summary>
    public void EntryProposed(string family, int commands) => _entryCommands.Record(commands, new KeyValuePair<string, object?>("family", family));

    /// <summary>A batch was sent.</summary>
    public void BatchSent(string peer, int items, int bytes)
    {
        var tag = new KeyValuePair<string, object?>("peer", peer);
        _batchItems.Record(items, tag);
        _batchBytes.Record(bytes, tag);
    }

    /// <summary>A replica came to lead, or ceased to.</summary>
    public void LeaderChanged(string family, bool leads) => _leaderChanges.Add(1, new("family", family), new("change", leads ? "gained" : "lost"));

    /// <summary>Leadership was asked for.</summary>
    public void LeaderClaimed(string family, bool isGot) => _leaderClaims.Add(1, new("family", family), new("outcome", isGot ? "got" : "failed"));

    /// <summary>Items were dropped.</summary>
    public void Dropped(DropReason reason, int count = 1) => _dropped.Add(count, new KeyValuePair<string, object?>("reason", Reasons[(int)reason]));

    /// <summary>A replica stopped for good.</summary>
    public void Faulted(string family) => _faults.Add(1, new KeyValuePair<string, object?>("family", family));

    /// <summary>Shows a figure whenever somebody looks.</summary>
    public void Show(string name, string unit, string description, Func<double> figure) =>
        _meter.CreateObservableGauge(name, figure, unit, description);

    /// <summary>Shows a figure of each peer whenever somebody looks.</summary>
    public void ShowByPeer(string name, string unit, string description, Func<IEnumerable<KeyValuePair<string, double>>> figures) =>
        _meter.CreateObservableGauge(
            name,
            () => figures().Select(figure => new Measurement<double>(figure.Value, new KeyValuePair<string, object?>("peer", figure.Key))),
            unit,
            description);

    private static string Kebab(string name) =>
        string.Concat(name.Select((letter, i) => char.IsUpper(letter) && i > 0 ? $"-{char.ToLowerInvariant(letter)}" : $"{char.ToLowerInvariant(letter)}"));

    private Histogram<double> Latency(string name, string description) => _meter.CreateHistogram<double>(name, "ms", description);
}
