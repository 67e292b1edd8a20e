namespace Orleans.Raft.Storage.Provider;

/// <summary>
/// What a replica keeps of a grain state in a named grain storage. Serialized by that storage's own serializer, so it has a constructor without parameters and members to set.
/// Grain and state name are for whoever looks into the database; the key is what counts.
/// </summary>
[GenerateSerializer]
[Alias("Orleans.Raft.BackedPayload")]
internal sealed class BackedPayload
{
    /// <summary>Whose state, to be read by people.</summary>
    [Id(0)]
    public string? Grain { get; set; }

    /// <summary>Name of the state, to be read by people.</summary>
    [Id(1)]
    public string? State { get; set; }

    /// <summary>The record's version, which is its ETag.</summary>
    [Id(2)]
    public string? Version { get; set; }

    /// <summary>Checksum of the payload, in hexadecimal digits.</summary>
    [Id(3)]
    public string? Checksum { get; set; }

    /// <summary>The serialized state.</summary>
    [Id(4)]
    public byte[]? Payload { get; set; }

    /// <summary>The version; null where it is none of ours.</summary>
    public RecordVersion? ParsedVersion() => RecordVersion.TryParse(Version, out var version) ? version : null;

    /// <summary>Whether this is a record's payload, whole and of that very version.</summary>
    public bool Matches(in GrainRecord record) =>
        Payload is not null && ParsedVersion() == record.Version && GrainCommand.ChecksumOf(Payload) == record.Checksum;

    /// <summary>Whether a later write of the same life of the group is here.</summary>
    public bool IsNewerThan(RecordVersion version) => ParsedVersion() is { } found && found.Incarnation == version.Incarnation
        && (found.Index, found.Offset).CompareTo((version.Index, version.Offset)) > 0;
}
