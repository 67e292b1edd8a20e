using Orleans.Runtime;
using Orleans.Storage;

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

    /// <summary>
    /// Streams all existing states as of one index a group, with every write acknowledged before the group's first state was asked for; what is written while the export goes on is not
    /// seen. Group after group, each sorted by grain type, state name and grain key. One page is held in memory; each group's view of its states stays open on one replica until the group's
    /// last state is given, and is given up after a minute in which nobody reads on.
    /// </summary>
    /// <param name="progress">Told after each page; may be null.</param>
    /// <param name="cancellationToken">Ends the export in the middle.</param>
    /// <exception cref="RaftException">A group could not answer, or the replica that held its view has stopped. Begin anew.</exception>
    IAsyncEnumerable<RaftStateRecord> ExportAsync(IProgress<RaftExportProgress>? progress, CancellationToken cancellationToken);

    /// <summary>One state as it is stored, without its grain; null if there is none.</summary>
    /// <param name="grainId">Whose state.</param>
    /// <param name="stateName">Name of the state, as the grain's <c>[PersistentState]</c> says it.</param>
    /// <param name="options">How fresh it must be.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RaftException">The group could not answer.</exception>
    ValueTask<RaftStateRecord?> ReadAsync(GrainId grainId, string stateName, RaftReadOptions options, CancellationToken cancellationToken);

    /// <summary>
    /// Copies states from any other grain storage. Ids must be known, since grain storages can't list theirs. A state that is here already is kept, so a copy that was cut off is
    /// run again. Stop what writes to the source first: what it writes afterwards is not seen.
    /// </summary>
    /// <typeparam name="T">Type of the state, as the grain declares it.</typeparam>
    /// <param name="source">The other grain storage: a keyed service under its provider's name.</param>
    /// <param name="stateName">Name of the state, as the grain's <c>[PersistentState]</c> says it.</param>
    /// <param name="grains">Whose states.</param>
    /// <param name="progress">Told after each state; may be null.</param>
    /// <param name="cancellationToken">Ends the copy in the middle.</param>
    /// <exception cref="RaftException">A state is too large, or a group could not take it.</exception>
    Task<RaftImportProgress> ImportAsync<T>(
        IGrainStorage source, string stateName, IAsyncEnumerable<GrainId> grains, IProgress<RaftImportProgress>? progress, CancellationToken cancellationToken);

    /// <summary>
    /// Writes records that <see cref="ExportAsync"/> or <see cref="ReadAllAsync"/> gave, of this or another provider or cluster with the same serializer.
    /// A state that is here already is kept.
    /// </summary>
    /// <param name="records">The records.</param>
    /// <param name="progress">Told after each state; may be null.</param>
    /// <param name="cancellationToken">Ends the copy in the middle.</param>
    /// <exception cref="RaftException">A state is too large, or a group could not take it.</exception>
    Task<RaftImportProgress> ImportAsync(
        IAsyncEnumerable<RaftStateRecord> records, IProgress<RaftImportProgress>? progress, CancellationToken cancellationToken);
}
