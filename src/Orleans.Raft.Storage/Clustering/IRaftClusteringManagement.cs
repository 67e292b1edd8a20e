namespace Orleans.Raft;

/// <summary>A voter of the clustering group.</summary>
/// <param name="Name">Its silo's name.</param>
/// <param name="Address">Where it said it can be reached.</param>
/// <param name="Replica">Its number in the group; never used twice.</param>
/// <param name="Store">Identity of its data directory.</param>
public sealed record RaftClusteringVoter(string Name, string Address, long Replica, Guid Store);

/// <summary>Looks at and replaces the voters of <c>UseRaftClustering</c>; a singleton of every silo's services.</summary>
public interface IRaftClusteringManagement
{
    /// <summary>The voters now.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IReadOnlyList<RaftClusteringVoter>> GetVotersAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Replaces a voter: one whose data directory is lost, by itself under the same name; or one that is to go, by another silo. The newcomer must run, with an empty directory and named in its
    /// own <c>Voters</c>. It needs a majority of the present voters. Returns when the newcomer votes and the old replica doesn't any more; safe to repeat.
    /// </summary>
    /// <param name="name">The voter to replace.</param>
    /// <param name="newName">Name of the silo that takes its place; may be the same.</param>
    /// <param name="newAddress">Its <c>host:port</c>, if the other voters' configuration does not name it.</param>
    /// <param name="cancellationToken">Ends the wait; what was begun goes on with the next call.</param>
    Task ReplaceVoterAsync(string name, string newName, string? newAddress, CancellationToken cancellationToken);
}
