namespace Orleans.Raft;

/// <summary>Opens the store of a silo. Registered by the storage package; hosting opens it before the silo joins and disposes it last.</summary>
public interface ILogStoreFactory
{
    /// <summary>
    /// Opens the store, creating it where the directory is empty: locks it exclusively, checks that it belongs to this silo,
    /// raises and syncs its open counter, recovers.
    /// </summary>
    ValueTask<ILogStore> OpenAsync(LogStoreSettings settings, CancellationToken cancellationToken);
}

/// <summary>Whose store to open, and where.</summary>
/// <param name="Directory">Data directory of this silo alone.</param>
/// <param name="ServiceId">The Orleans service the data belongs to; a directory of another service is refused.</param>
/// <param name="SiloName">The silo's stable name; a directory of another silo is refused.</param>
public sealed record LogStoreSettings(string Directory, string ServiceId, string SiloName);
