namespace Orleans.Raft.Storage.Provider;

/// <summary>What a group keeps of one grain state.</summary>
/// <param name="Version">Which write made it.</param>
/// <param name="Operation">Which operation of which provider that write was.</param>
/// <param name="Exists">False for a cleared state, whose ETag is remembered.</param>
/// <param name="Checksum">Of the payload, made where the state was serialized and checked where it is read.</param>
/// <param name="Payload">The serialized state; empty when cleared.</param>
internal readonly record struct GrainRecord(
    RecordVersion Version, OperationId Operation, bool Exists, ulong Checksum, ReadOnlyMemory<byte> Payload)
{
    /// <summary>True where the payload is here and is the one that was written, and not only known by its checksum.</summary>
    public bool IsComplete => Exists && GrainCommand.ChecksumOf(Payload.Span) == Checksum;

    /// <inheritdoc/>
    public override string ToString() => $"{Version} {(Exists ? "exists" : "cleared")} {Payload.Length} bytes by {Operation}";
}
