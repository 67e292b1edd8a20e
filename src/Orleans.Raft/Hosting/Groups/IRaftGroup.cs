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

    /// <summary>
    /// Gives the group a replica on a silo: it learns first and votes once it has caught up. Completes when it votes. The wish is written down at once and is carried
    /// out whatever becomes of the caller: cancelling ends the waiting only.
    /// </summary>
    /// <param name="silo">A silo that has introduced itself to the cluster, by running once.</param>
    /// <param name="progress">Is told the group's status again and again while it changes; may be null.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RaftException">The silo has a replica of the group, or is not known; nothing was changed.</exception>
    Task AddReplicaAsync(string silo, IProgress<RaftGroupStatus>? progress, CancellationToken cancellationToken);

    /// <summary>Removes the replica on a silo and deletes its data. Completes when it is out of the group. Else as <see cref="AddReplicaAsync"/>.</summary>
    /// <exception cref="RaftException">The silo has no replica of the group, or the only one; nothing was changed.</exception>
    Task RemoveReplicaAsync(string silo, IProgress<RaftGroupStatus>? progress, CancellationToken cancellationToken);

    /// <summary>
    /// Moves a replica: the new one learns first, and comes in and the old one goes in one joint change. Else as <see cref="AddReplicaAsync"/>.
    /// </summary>
    /// <exception cref="RaftException">One of the two is impossible; nothing was changed.</exception>
    Task ReplaceReplicaAsync(string oldSilo, string newSilo, IProgress<RaftGroupStatus>? progress, CancellationToken cancellationToken);
}

/// <summary>How fresh a read must be.</summary>
public enum RaftReadOptions
{
    /// <summary>Sees every write acknowledged before the read began.</summary>
    Linearizable = 0,

    /// <summary>Whatever the nearest replica has applied; may be arbitrarily old.</summary>
    Local = 1,
}
