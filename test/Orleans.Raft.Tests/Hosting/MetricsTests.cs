using System.Diagnostics.Metrics;
using Orleans.Raft.Hosting;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

public sealed class MetricsTests : IDisposable
{
    private readonly Meter _meter = new("Orleans.Raft.Test");
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, List<double>> _seen = [];
    private readonly Lock _gate = new();
    private readonly RaftMetrics _metrics;

    public MetricsTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, _meter))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => See(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => See(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => See(instrument, value, tags));
        _listener.Start();
        _metrics = new RaftMetrics(_meter);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public void A_write_and_a_read_show_in_every_latency_and_an_election_as_a_change()
    {
        var cluster = new MiniCluster(metrics: _metrics);
        cluster.Finish(Task.WhenAll(Enumerable.Range(0, 20).Select(_ => cluster.AddAsync(1, 1)).ToArray()));
        cluster.Finish(cluster.ReadAsync(2));

        Assert.Equal(20, Of("orleans-raft-proposal-latency family=sum outcome=done").Count);
        Assert.Single(Of("orleans-raft-read-latency family=sum outcome=done"));
        Assert.Equal([20.0], Of("orleans-raft-entry-commands family=sum"));
        Assert.Single(Of("orleans-raft-leader-changes family=sum change=gained"));
        Assert.NotEmpty(Of("orleans-raft-commit-latency family=sum"));
        Assert.NotEmpty(Of("orleans-raft-apply-latency family=sum"));
        Assert.NotEmpty(Of("orleans-raft-log-write-latency"));
    }

    [Fact]
    public void A_write_that_ends_unknown_is_told_from_one_that_is_done()
    {
        var cluster = new MiniCluster(metrics: _metrics);
        cluster.Finish(cluster.AddAsync(1, 1));
        cluster.Passes = (_, _, _) => false;
        Assert.Throws<OutcomeUnknownException>(() => cluster.Finish(cluster.AddAsync(cluster.Leader ?? 1, 1)));
        Assert.Single(Of("orleans-raft-proposal-latency family=sum outcome=done"));
        var unknown = Assert.Single(Of("orleans-raft-proposal-latency family=sum outcome=unknown"));
        Assert.InRange(unknown, 10_000, 11_000);
    }

    [Fact]
    public void What_a_replica_and_a_lane_drop_is_counted_by_reason()
    {
        var cluster = new MiniCluster(metrics: _metrics);
        cluster.Finish(cluster.AddAsync(1, 1));
        cluster.Receive(1, 2, new LaneItem("sum", 0, 77, new(1), new(2), default, new ReplicaLife(Guid.NewGuid(), 9, 9)));
        cluster.Receive(1, 2, new LaneItem("sum", 0, 77, new(1), new(2), default, default) { MessageBytes = new byte[] { 255, 255 } });
        cluster.Settle();
        Assert.Equal([1.0], Of("orleans-raft-dropped reason=other-life"));
        Assert.Equal([1.0], Of("orleans-raft-dropped reason=malformed"));

        var lane = new LaneSender(
            "s2", Lanes.Settings(Lanes.Here, "s1") with { Metrics = _metrics }, new HeldTransport(), new ManualScheduler(), new ManualClock(), new LaneRecorder());
        Assert.False(lane.TrySend(Lanes.Frame(1, bytes: 100)));
        Assert.Equal([1.0], Of("orleans-raft-dropped reason=silent"));
    }

    private List<double> Of(string name)
    {
        lock (_gate)
        {
            return _seen.TryGetValue(name, out var values) ? [.. values] : [];
        }
    }

    private void See(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var name = instrument.Name;
        foreach (var tag in tags)
        {
            name += $" {tag.Key}={tag.Value}";
        }

        lock (_gate)
        {
            if (!_seen.TryGetValue(name, out var values))
            {
                _seen.Add(name, values = []);
            }

            values.Add(value);
        }
    }
}
