namespace Orleans.Raft;

/// <summary>Hands out the groups of this cluster.</summary>
public interface IRaftGroupFactory
{
    /// <summary>The group with this name and number. Cheap; the same object each time.</summary>
    IRaftGroup GetGroup(string name, int index);

    /// <summary>
    /// How many groups a family has: what was decided when it was created, whatever is configured now. Whoever spreads keys over groups must use
    /// this number. Waits, within the request budget, until the family is created.
    /// </summary>
    ValueTask<int> CountGroupsAsync(string name, CancellationToken cancellationToken);
}

/// <summary>A Raft group as its users see it, from any silo.</summary>
public interface IRaftGroup
{
    /// <summary>Which group this is.</summary>
    RaftGroupId Id { get; }

    /// <summary>Replicates a command; completes once a majority has it on disk and the leader has applied it.</summary>
    /// <returns>The state machine's answer.</returns>
    /// <exception cref="OutcomeUnknownException">The command may or may not have been, or may yet be, applied.</exception>
    /// <exception cref="RaftException">It was not applied and will not be.</exception>
    ValueTask<ReadOnlyMemory<byte>> ProposeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellationToken);

    /// <summary>Answers a query from a state that holds every write acknowledged before the call (linearizable).</summary>
    /// <exception cref="RaftException">No majority answered within the budget.</exception>
    ValueTask<ReadOnlyMemory<byte>> ReadAsync(ReadOnlyMemory<byte> query, RaftReadOptions options, CancellationToken cancellationToken);

    /// <summary>The group as of now, as far as its silos answer.</summary>
    Task<RaftGroupStatus> GetStatusAsync(CancellationToken cancellationToken);

    /// <summary>Hands leadership to the replica on a silo; completes when that leads.</summary>
    /// <exception cref="RaftException">The silo holds no voter of the group, or it did not come to lead within the budget.</exception>
    Task TransferLeadershipAsync(string silo, CancellationToken cancellationToken);
}

/// <summary>How fresh a read must be.</summary>
public enum RaftReadOptions
{
    /// <summary>Sees every write acknowledged before the read began.</summary>
    Linearizable = 0,

    /// <summary>Whatever the nearest replica has applied; may be arbitrarily old.</summary>
    Local = 1,
}
