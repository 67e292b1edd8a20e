namespace Orleans.Raft.Wire;

/// <summary>One life of a replica. What was addressed to another life is dropped (SAFETY-RULES A8).</summary>
/// <param name="Store">Id of the data directory, made once; empty while the sender doesn't know it.</param>
/// <param name="OpenCounter">Which opening of the directory.</param>
/// <param name="Activation">Which activation of the replica since then.</param>
internal readonly record struct ReplicaLife(Guid Store, long OpenCounter, long Activation)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Store:N}#{OpenCounter}.{Activation}";
}
