using Orleans.Runtime;

namespace Orleans.Raft;

/// <summary>
/// Enumerates the states of a Raft grain storage provider. A keyed service under the provider's name:
/// <c>services.GetRequiredKeyedService&lt;IRaftStorageCatalog&gt;("raft")</c>.
/// </summary>
public interface IRaftStorageCatalog
{
    /// <summary>
    /// Streams all existing states, sorted by grain type, state name and grain key (bytes). Each page of a group is read linearizably, so what was acknowledged
    /// before the call and not changed since is there; pages are read one after another, so a concurrent change may or may not be seen.
    /// </summary>
    /// <param name="options">How fresh each page must be.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    /// <exception cref="RaftException">A group could not answer.</exception>
    IAsyncEnumerable<RaftStateRecord> ReadAllAsync(RaftReadOptions options, CancellationToken cancellationToken);

    /// <summary>One state as it is stored, without its grain; null if there is none.</summary>
    /// <param name="grainId">Whose state.</param>
    /// <param name="stateName">Name of the state, as the grain's <c>[PersistentState]</c> says it.</param>
    /// <param name="options">How fresh it must be.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RaftException">The group could not answer.</exception>
    ValueTask<RaftStateRecord?> ReadAsync(GrainId grainId, string stateName, RaftReadOptions options, CancellationToken cancellationToken);
}
