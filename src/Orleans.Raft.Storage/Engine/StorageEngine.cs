namespace Orleans.Raft.Storage.Engine;

/// <summary>The engine: opens the durable log of a silo and the state store beside it.</summary>
public sealed class StorageEngine : ILogStoreFactory, IStateStoreFactory
{
    private readonly RaftEngineOptions _options;
    private readonly TimeProvider _time;

    /// <summary>Creates an engine that works with the given settings.</summary>
    /// <param name="options">Settings, checked here.</param>
    /// <param name="time">Clock for ages of pending writes; the system's by default.</param>
    public StorageEngine(RaftEngineOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _time = time ?? TimeProvider.System;
    }

    /// <inheritdoc/>
    public ValueTask<ILogStore> OpenAsync(LogStoreSettings settings, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(settings);
        cancellationToken.ThrowIfCancellationRequested();

        // Recovery reads files and may take a second; the caller's thread may be one that many wait for.
        return new ValueTask<ILogStore>(Task.Run<ILogStore>(
            () => WalLogStore.Open(PhysicalFileSystem.Instance, settings, _options, _time), cancellationToken));
    }

    /// <summary>Opens the state store beside an opened log. Of its generations, those that no group of the log names are deleted by hosting.</summary>
    public ValueTask<IStateStore> OpenAsync(LogStoreSettings settings, ILogStore log, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(log);
        cancellationToken.ThrowIfCancellationRequested();
        return new ValueTask<IStateStore>(Task.Run<IStateStore>(
            () => RocksStateStore.Open(new WalPaths(settings.Directory).StateDirectory, log.Identity.StoreId, _options), cancellationToken));
    }
}
