using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <content>What a replica says of itself, and being told to hand leadership over.</content>
internal sealed partial class Replica
{
    /// <summary>Entries known to be committed and not applied here, roughly; read from any thread.</summary>
    public long Lag => Math.Max(0, Math.Max(Volatile.Read(ref _leaderCommit), _node.Committed) - Volatile.Read(ref _applied));

    /// <summary>Where its rows are, for a state of which another store has a part; else null.</summary>
    public ReplicaPlace? Place => _state.Place;

    /// <summary>True while it leads, roughly; read from any thread.</summary>
    public bool IsLeader => _soft.Role == RaftRole.Leader;

    /// <summary>The leader it follows, or itself; none while it knows none; roughly, from any thread.</summary>
    public ReplicaId Leader => _soft.Leader;

    /// <summary>The last term in which it led and handed leadership over by itself; 0 if it never did; read from any thread.</summary>
    public long GivenAwayTerm => Volatile.Read(ref _givenAwayTerm);

    /// <summary>Things posted and not yet worked off, roughly; read from any thread.</summary>
    public int InboxCount => _inbox.Count;

    /// <summary>Why the replica is no caught-up voter with a leader, or null if it is one; roughly, from any thread.</summary>
    public string? WhyNotReady(long maxLag)
    {
        if (_fault is { } fault)
        {
            return $"has faulted: {fault}";
        }

        if (_needsUpgrade is { } upgrade)
        {
            return upgrade;
        }

        if (!_confState.Voters.Contains(Id))
        {
            return "is no voter (yet)";
        }

        return _soft.Leader.IsNone ? "knows no leader" : Lag > maxLag ? $"is {Lag} entries behind" : null;
    }

    /// <summary>What the replica says of itself.</summary>
    /// <exception cref="RaftException">It has faulted or stopped.</exception>
    public Task<ReplicaReport> ReportAsync() => AskAsync(Report);

    /// <summary>If this replica leads, hands leadership to another one.</summary>
    /// <exception cref="RaftException">It has faulted or stopped.</exception>
    public Task<TransferResult> TransferAsync(ReplicaId to) => AskAsync(() => GiveAway(to));

    private ReplicaReport Report()
    {
        var status = _node.Status();
        return new ReplicaReport(
            Group.Name,
            Group.Index,
            Id.Value,
            (int)status.SoftState.Role,
            status.HardState.Term,
            status.HardState.Commit,
            _applied,
            [.. status.ConfState.Voters.Union(status.ConfState.VotersOutgoing).Select(replica => replica.Value)],
            [.. status.ConfState.Learners.Union(status.ConfState.LearnersNext).Select(replica => replica.Value)],
            [.. status.Peers.Select(peer => new PeerReport(peer.Id.Value, Describe(peer.State), peer.Match, peer.IsRecentlyActive))],
            null);
    }

    private static string Describe(ProgressState state) => state switch
    {
        ProgressState.Probe => "probe",
        ProgressState.Replicate => "replicate",
        ProgressState.Snapshot => "snapshot",
    };
}
