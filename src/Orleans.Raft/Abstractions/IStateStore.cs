namespace Orleans.Raft;

/// <summary>
/// Applied state of all groups of one silo: rows in key order, kept by generation (<see cref="ILogStore.NewGeneration"/>), never by the
/// group's name, so that what an earlier life of a group left behind is never met again (SAFETY-RULES A11).
/// </summary>
/// <remarks>
/// The log is this store's log: a written batch is visible at once and durable only after a flush. A crash loses a suffix of the
/// batches written since, never a part of one and never one before the last finished flush. So the log may be compacted only up to
/// <see cref="GetDurableApplied"/>. A snapshot is received by writing its rows under a new generation, verifying them, flushing, and
/// making it current with <see cref="WriteBatch.ResetTo"/> (SAFETY-RULES A6); generations that no log names are deleted.
/// </remarks>
public interface IStateStore : IAsyncDisposable
{
    /// <summary>Raised once, on a pool thread, when the store stops for good.</summary>
    event Action<LogStoreException>? Failed;

    /// <summary>Generations that have an applied record.</summary>
    IReadOnlyCollection<long> Generations { get; }

    /// <summary>How far the generation is applied, as reads see it; <see cref="AppliedState.None"/> for one that holds nothing.</summary>
    AppliedState GetApplied(long generation);

    /// <summary>How far it is applied on disk; read back from there, never inferred (SAFETY-RULES A11).</summary>
    AppliedState GetDurableApplied(long generation);

    /// <summary>The row's value, or null where there is none.</summary>
    byte[]? Get(long generation, ReadOnlySpan<byte> key);

    /// <summary>
    /// Makes a batch visible, all of it at once. Runs on the store's own thread; completes later while the store cannot keep up,
    /// which is the caller's back-pressure (SAFETY-RULES B9). Batches of one generation take effect in the order of the calls.
    /// </summary>
    /// <param name="batch">Belongs to the store until the task completes; may be reused afterwards.</param>
    ValueTask WriteAsync(StateBatch batch);

    /// <summary>Makes durable everything that was written before the call.</summary>
    ValueTask FlushAsync(CancellationToken cancellationToken);

    /// <summary>A view of one generation that later writes don't change. Dispose it before the store.</summary>
    IStateView OpenView(long generation);

    /// <summary>Deletes a generation's rows and applied record. After a crash before the next flush they may be back: delete again what no log names.</summary>
    ValueTask DeleteAsync(long generation);
}

/// <summary>A generation as it was at one moment: the source of a snapshot.</summary>
public interface IStateView : IDisposable
{
    /// <summary>How far it is applied.</summary>
    AppliedState Applied { get; }

    /// <summary>The row's value, or null where there is none.</summary>
    byte[]? Get(ReadOnlySpan<byte> key);

    /// <summary>Rows from a key on, in ascending order of their bytes.</summary>
    /// <param name="from">First key; empty starts at the first row.</param>
    /// <param name="to">First key that is left out; empty goes on to the last row.</param>
    /// <exception cref="IOException">The disk gave something else than was written.</exception>
    IEnumerable<StateRow> Scan(ReadOnlyMemory<byte> from, ReadOnlyMemory<byte> to);
}

/// <summary>One row.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its value.</param>
public readonly record struct StateRow(byte[] Key, byte[] Value);
