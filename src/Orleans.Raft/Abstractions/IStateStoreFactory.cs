namespace Orleans.Raft;

/// <summary>Opens the state store of a silo, beside its log.</summary>
public interface IStateStoreFactory
{
    /// <summary>Opens the store that belongs to an opened log; disposed before the log.</summary>
    ValueTask<IStateStore> OpenAsync(LogStoreSettings settings, ILogStore log, CancellationToken cancellationToken);
}
