namespace Orleans.Raft;

/// <summary>Opens state stores that live in memory only.</summary>
public sealed class MemoryStateStoreFactory : IStateStoreFactory
{
    /// <inheritdoc/>
    public ValueTask<IStateStore> OpenAsync(LogStoreSettings settings, ILogStore log, CancellationToken cancellationToken) =>
        new(new MemoryStateStore());
}
