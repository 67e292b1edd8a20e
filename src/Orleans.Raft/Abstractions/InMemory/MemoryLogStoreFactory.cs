namespace Orleans.Raft;

/// <summary>Opens stores that live in memory only. Each opening is a new store: what an earlier one held is gone, so its id is new too.</summary>
public sealed class MemoryLogStoreFactory : ILogStoreFactory
{
    /// <inheritdoc/>
    public ValueTask<ILogStore> OpenAsync(LogStoreSettings settings, CancellationToken cancellationToken) => new(new MemoryLogStore());
}
