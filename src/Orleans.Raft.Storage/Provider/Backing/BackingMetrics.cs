using System.Diagnostics.Metrics;
using Orleans.Raft.Hosting;

namespace Orleans.Raft.Storage.Provider;

/// <summary>Figures of named backing storages, in the meter <c>Orleans.Raft</c>.</summary>
internal sealed class BackingMetrics
{
    private readonly Histogram<double> _writes;
    private readonly Counter<long> _failures;
    private readonly Counter<long> _mismatches;
    private readonly Counter<long> _rebuilt;

    public BackingMetrics(IMeterFactory? factory)
    {
        var meter = factory?.Create(RaftMetrics.Name) ?? new Meter(RaftMetrics.Name);
        _writes = meter.CreateHistogram<double>("orleans-raft-backing-write-latency", "ms", "From a decided row to its acknowledgement by the backing storage, failures included.");
        _failures = meter.CreateCounter<long>("orleans-raft-backing-failures", "{failure}", "Times that a backing storage did not take a row; it is tried again.");
        _mismatches = meter.CreateCounter<long>("orleans-raft-backing-mismatches", "{row}", "Rows that were missing or other than the engine knows them; read elsewhere and rebuilt.");
        _rebuilt = meter.CreateCounter<long>("orleans-raft-backing-rebuilt", "{row}", "Rows fetched from other replicas and stored again.");
    }

    /// <summary>A row was acknowledged.</summary>
    public void Persisted(string backing, TimeSpan took) => _writes.Record(took.TotalMilliseconds, new KeyValuePair<string, object?>("backing", backing));

    /// <summary>A row was not taken.</summary>
    public void Failed(string backing) => _failures.Add(1, new KeyValuePair<string, object?>("backing", backing));

    /// <summary>A row was not the one that the engine knows.</summary>
    public void Mismatched(string family) => _mismatches.Add(1, new KeyValuePair<string, object?>("family", family));

    /// <summary>Rows were stored again.</summary>
    public void Rebuilt(string family, int rows) => _rebuilt.Add(rows, new KeyValuePair<string, object?>("family", family));
}
