namespace Orleans.Raft.Hosting;

/// <summary>
/// A state of which the silo's state store keeps all that verdicts need, and somebody else's store the bulk. What a batch has decided goes there first; only then do the rows and
/// how far they are applied change, so a start applies again exactly what may be missing there (SAFETY-RULES A4, docs/adr/0004-backing-storage.md).
/// </summary>
internal interface IProjectedStateMachine : IStoredStateMachine
{
    /// <summary>The rows are those of this place from now on: at the replica's start, and when a snapshot has replaced them.</summary>
    void Attach(ReplicaPlace place);

    /// <summary>What of a row stays in the state store.</summary>
    byte[] Reduce(byte[] key, byte[] value);

    /// <summary>Completes when the other store has acknowledged everything that a batch has decided; waits as long as it takes.</summary>
    /// <param name="place">Whose rows.</param>
    /// <param name="rows">The rows as decided, each key once; null is a deletion.</param>
    Task ProjectAsync(ReplicaPlace place, IReadOnlyList<DecidedRow> rows);

    /// <summary>Answers a query.</summary>
    /// <exception cref="StateElsewhereException">This replica can't; another one may.</exception>
    ValueTask<ReadOnlyMemory<byte>> QueryAsync(ReplicaPlace place, ReadOnlyMemory<byte> query);

    /// <summary>Deletes what the other store holds of a place that is given up.</summary>
    Task ForgetAsync(ReplicaPlace place);

    /// <summary>Ends all waiting: the replica is no more.</summary>
    void Stop();
}

/// <summary>A row as a batch has decided it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its value; null is a deletion.</param>
internal readonly record struct DecidedRow(byte[] Key, byte[]? Value);

/// <summary>Where a replica's rows are: nobody else's have the same names, in this life of the cluster or another.</summary>
/// <param name="Home">The store and the replica.</param>
/// <param name="Generation">Generation of the rows.</param>
/// <param name="Rows">The rows.</param>
internal sealed record ReplicaPlace(ReplicaHome Home, long Generation, GenerationRows Rows);

/// <summary>Which replica in which store.</summary>
/// <param name="Store">The silo's store.</param>
/// <param name="Replica">The replica's number in its group.</param>
internal readonly record struct ReplicaHome(Guid Store, long Replica);

/// <summary>This replica lacks what is asked for; others may have it.</summary>
internal sealed class StateElsewhereException(string message, Exception? innerException = null) : Exception(message, innerException);
