using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <content>How this silo's part of Raft is: for health checks, and as figures of the meter.</content>
internal sealed partial class RaftHost
{
    // Entries that a replica may be behind and still count as caught up: what a busy group has under way at any moment.
    private const long ReadyLag = 1_000;

    /// <summary>What is wrong in this silo now.</summary>
    public RaftHealth GetHealth()
    {
        var store = _store?.GetStatus();
        var faulted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var notReady = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (id, runtime) in _groups)
        {
            if (runtime.Replica is not { } replica)
            {
                continue;
            }

            if (replica.Fault is { } fault)
            {
                faulted[id.ToString()] = fault;
            }
            else if (replica.WhyNotReady(ReadyLag) is { } why)
            {
                notReady[id.ToString()] = why;
            }
        }

        return new RaftHealth
        {
            Silo = Silo,
            Waits = _refusal ?? (_hasCatalog ? null : _waitsFor),
            StoreFailure = store?.Failure?.Message,
            OldestWrite = store?.OldestPendingAge ?? TimeSpan.Zero,
            IsStalled = store is not null && IsStalled(store),
            Faulted = faulted,
            NotReady = notReady,
        };
    }

    private void ShowFigures()
    {
        _metrics.Show("orleans-raft-groups", "{replica}", "Replicas of this silo.", () => Replicas.Count());
        _metrics.Show("orleans-raft-leaders", "{replica}", "Replicas of this silo that lead.", () => Replicas.Count(replica => replica.IsLeader));
        _metrics.Show("orleans-raft-asleep", "{replica}", "Replicas of this silo whose idle group sleeps.", () => Replicas.Count(replica => replica.IsAsleep));
        _metrics.Show("orleans-raft-faulted", "{replica}", "Replicas of this silo that stopped for good.", () => Replicas.Count(replica => replica.Fault is not null));
        _metrics.Show("orleans-raft-lag", "{entry}", "Committed entries not applied here yet, of the replica furthest behind.", () => Replicas.Select(replica => replica.Lag).DefaultIfEmpty().Max());
        _metrics.Show("orleans-raft-inbox", "{item}", "Things posted to this silo's replicas and not yet worked off.", () => Replicas.Sum(replica => replica.InboxCount));
        _metrics.Show("orleans-raft-waiting-commands", "{command}", "Commands of this silo without an answer.", () => _groups.Values.Sum(runtime => runtime.Client.WaitingCount));
        _metrics.Show("orleans-raft-log-queue", "By", "Bytes that wait to be written to the log.", () => _store?.GetStatus().QueuedBytes ?? 0);
        _metrics.Show("orleans-raft-log-oldest-write", "ms", "Age of the oldest write to the log that is not durable yet.", () => _store?.GetStatus().OldestPendingAge.TotalMilliseconds ?? 0);
        _metrics.ShowByPeer("orleans-raft-lane-window", "By", "Bytes of entries waiting for a silo or on their way to it.", () => LaneFigures(lane => lane.WindowBytes));
        _metrics.ShowByPeer("orleans-raft-lane-up", "1", "1 while the silo answers on its lane.", () => LaneFigures(lane => lane.PeerLife.IsDefault ? 0 : 1));
    }

    private IEnumerable<Replica> Replicas => _groups.Values.Select(runtime => runtime.Replica).OfType<Replica>();

    private IEnumerable<KeyValuePair<string, double>> LaneFigures(Func<LaneSender, double> figure) =>
        _lanes?.Senders.Select(lane => KeyValuePair.Create(lane.Key, figure(lane.Value))) ?? [];
}
