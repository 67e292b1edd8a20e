using System.Collections.Immutable;
using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>
/// The replicated state of the clustering group: table, sessions, bindings of voters. Every replica applies the same entries and comes to the
/// same bytes; no clock, no chance. Used by one thread; what <see cref="View"/> returns may be read by any.
/// </summary>
internal sealed partial class TableState
{
    /// <summary>Sessions kept; when one more is opened, the one that was used the longest time ago is forgotten.</summary>
    public const int MaxSessions = 1000;

    private readonly SortedDictionary<long, TableSession> _sessions = [];
    private readonly SortedSet<long> _removed = [];
    private long _nextReplica = 1;

    private TableState(Guid incarnation, string cluster)
    {
        Incarnation = incarnation;
        Cluster = cluster;
    }

    /// <summary>Random, made at the group's birth: tells this group from any other of the same name.</summary>
    public Guid Incarnation { get; }

    /// <summary>The cluster's id.</summary>
    public string Cluster { get; }

    /// <summary>Index of the last applied entry.</summary>
    public long Applied { get; private set; }

    /// <summary>The table now.</summary>
    public TableView View { get; private set; } = TableView.Empty;

    /// <summary>Number that the next new replica gets.</summary>
    public ReplicaId NextReplica => new(_nextReplica);

    /// <summary>How many sessions are remembered.</summary>
    public int SessionCount => _sessions.Count;

    /// <summary>The state at birth, at index 1: bindings and no rows.</summary>
    public static TableState Genesis(Guid incarnation, string cluster, IEnumerable<VoterBinding> voters)
    {
        var state = new TableState(incarnation, cluster) { Applied = 1 };
        foreach (var voter in voters)
        {
            state.Bind(voter);
        }

        return state;
    }

    /// <summary>The state of a replica that was added later and has received nothing yet.</summary>
    public static TableState Nothing(Guid incarnation, string cluster) => new(incarnation, cluster);

    /// <summary>True when a replica was removed: its number is never used again.</summary>
    public bool IsRemoved(ReplicaId replica) => _removed.Contains(replica.Value);

    /// <summary>Applies a command.</summary>
    /// <param name="index">The entry's index, one more than <see cref="Applied"/>.</param>
    /// <param name="command">The command.</param>
    public TableOutcome Apply(long index, TableCommand command)
    {
        ApplyNothing(index);
        if (command.Kind is TableCommandKind.OpenSession)
        {
            return OpenSession(index);
        }

        if (command.Session == 0)
        {
            return Decide(index, command);
        }

        if (!_sessions.TryGetValue(command.Session, out var session))
        {
            return new TableOutcome(TableResult.Expired);
        }

        if (session.TryAnswer(command.Sequence, out var remembered))
        {
            return remembered;
        }

        var outcome = Decide(index, command);
        session.Remember(command, outcome, index);
        return outcome;
    }

    /// <summary>An entry that holds no command: a leader's first, or a configuration change.</summary>
    public void ApplyNothing(long index)
    {
        Invariant.Holds(index == Applied + 1, $"clustering state applied={Applied} next={index}");
        Applied = index;
    }

    /// <summary>Binds a new replica; part of applying a configuration change.</summary>
    public void Bind(VoterBinding voter)
    {
        Invariant.Holds(!_removed.Contains(voter.Replica.Value), $"clustering replica={voter.Replica} was removed and is bound again");
        _nextReplica = Math.Max(_nextReplica, voter.Replica.Value + 1);
        View = View with { Voters = View.Voters.SetItem(voter.Replica.Value, voter) };
    }

    /// <summary>Removes a replica for ever; part of applying a configuration change.</summary>
    public void Unbind(ReplicaId replica)
    {
        _removed.Add(replica.Value);
        View = View with { Voters = View.Voters.Remove(replica.Value) };
    }

    private TableOutcome Decide(long index, TableCommand command) => command.Kind switch
    {
        TableCommandKind.Insert => Insert(index, command),
        TableCommandKind.Update => Update(index, command),
        TableCommandKind.Alive => RaiseAlive(command),
        TableCommandKind.Cleanup => Cleanup(command),
        TableCommandKind.DeleteAll => DeleteAll(index),
        TableCommandKind.VoterStarted => VoterStarted(index, command),
        TableCommandKind.OpenSession => OpenSession(index),
    };

    private TableOutcome OpenSession(long index)
    {
        if (_sessions.Count >= MaxSessions)
        {
            _sessions.Remove(_sessions.Values.MinBy(static session => session.LastUsed)!.Id);
        }

        _sessions.Add(index, new TableSession(index));
        return new TableOutcome(TableResult.Done, index);
    }

    private TableOutcome Insert(long index, TableCommand command)
    {
        var row = command.Row!;
        if (command.VersionETag != View.VersionETag || View.Rows.ContainsKey(row.Silo))
        {
            return new TableOutcome(TableResult.Conflict);
        }

        return Set(index, command.Version, row);
    }

    private TableOutcome Update(long index, TableCommand command)
    {
        var row = command.Row!;
        if (command.VersionETag != View.VersionETag || !View.Rows.TryGetValue(row.Silo, out var present) || command.RowETag != present.ETag)
        {
            return new TableOutcome(TableResult.Conflict);
        }

        // Another silo's vote carries the time it read with; a later one may have been logged meanwhile (B8).
        return Set(index, command.Version, row with { AliveTime = Math.Max(row.AliveTime, present.AliveTime) });
    }

    private TableOutcome Set(long index, int version, SiloRow row)
    {
        View = View with { Version = version, VersionETag = index, Rows = View.Rows.SetItem(row.Silo, row with { ETag = index }) };
        return new TableOutcome(TableResult.Done);
    }

    private TableOutcome RaiseAlive(TableCommand command)
    {
        var rows = View.Rows.ToBuilder();
        foreach (var report in command.Alive)
        {
            if (rows.TryGetValue(report.Silo, out var row) && report.Time > row.AliveTime)
            {
                rows[report.Silo] = row with { AliveTime = report.Time };
            }
        }

        View = View with { Rows = rows.ToImmutable() };
        return new TableOutcome(TableResult.Done);
    }

    private TableOutcome Cleanup(TableCommand command)
    {
        var defunct = View.Rows.Values.Where(row => row.Status == SiloRow.Dead && row.LastKnown < command.Before).Select(static row => row.Silo);
        View = View with { Rows = View.Rows.RemoveRange(defunct) };
        return new TableOutcome(TableResult.Done);
    }

    private TableOutcome DeleteAll(long index)
    {
        // The version goes on: a silo that still runs must not mistake the empty table for an older one.
        View = View with { Version = unchecked(View.Version + 1), VersionETag = index, Rows = TableView.Empty.Rows };
        return new TableOutcome(TableResult.Done);
    }

    /// <summary>
    /// Who has opened a voter's directory once more has proved that the silo which held it before is over: its row need not wait to be noticed.
    /// A repeated start finds the counter reached and does nothing, and the new life's own row is never meant.
    /// </summary>
    private void EndEarlierLives(long index, string name, string ownSilo)
    {
        var over = View.Rows.Values.Where(row => row.SiloName == name && row.Silo != ownSilo && row.Status != SiloRow.Dead).ToList();
        if (over.Count > 0)
        {
            var rows = View.Rows.SetItems(over.Select(row => KeyValuePair.Create(row.Silo, row with { Status = SiloRow.Dead, ETag = index })));
            View = View with { Version = unchecked(View.Version + 1), VersionETag = index, Rows = rows };
        }
    }

    private TableOutcome VoterStarted(long index, TableCommand command)
    {
        var start = command.Voter!;
        if (!View.Voters.TryGetValue(start.Replica.Value, out var bound) || bound.Store != start.Store || bound.IsAheadOf(start.OpenCounter, start.Life))
        {
            return new TableOutcome(TableResult.Conflict);
        }

        if (start.OpenCounter > bound.OpenCounter && command.OwnSilo.Length > 0)
        {
            EndEarlierLives(index, bound.Name, command.OwnSilo);
        }

        View = View with
        {
            Voters = View.Voters.SetItem(start.Replica.Value, bound with { OpenCounter = start.OpenCounter, Life = start.Life, Address = start.Address }),
        };
        return new TableOutcome(TableResult.Done);
    }
}
