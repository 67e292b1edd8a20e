using Orleans.Raft;
using Orleans.Storage;

namespace Orleans.Configuration;

/// <summary>Options of a Raft grain storage provider.</summary>
public sealed class RaftGrainStorageOptions : IStorageProviderSerializerOptions
{
    /// <summary>Default of <see cref="Groups"/>.</summary>
    public const int DefaultGroups = 16;

    /// <summary>Default of <see cref="ReplicationFactor"/>.</summary>
    public const int DefaultReplicationFactor = 3;

    /// <summary>Default of <see cref="MaxStateSize"/>: 4 MiB.</summary>
    public const int DefaultMaxStateSize = 4 * 1024 * 1024;

    /// <summary>
    /// Number of Raft groups over which the states are spread, 1 to 4,096. Counts when the provider's groups are created, once; a silo that is configured differently
    /// later says so in a warning, and nothing moves.
    /// </summary>
    /// <value>16 by default.</value>
    public int Groups { get; set; } = DefaultGroups;

    /// <summary>Replicas of each group; as many as there are initial silos if there are fewer. Counts once, like <see cref="Groups"/>. A write survives the loss of all but a majority of them.</summary>
    /// <value>3 by default.</value>
    public int ReplicationFactor { get; set; } = DefaultReplicationFactor;

    /// <summary>
    /// True: clearing a state removes its record, and the state's ETag is null afterwards. False: a small record remembers the clear under a new ETag, so that a
    /// writer with an older ETag is told of a conflict.
    /// </summary>
    /// <value>False by default.</value>
    public bool DeleteStateOnClear { get; set; }

    /// <summary>Largest serialized state in bytes; a larger one fails before anything is sent.</summary>
    /// <value>4 MiB by default.</value>
    public int MaxStateSize { get; set; } = DefaultMaxStateSize;

    /// <summary>
    /// How long a read or write may take, elections included, before its caller is told that it did not end. Keep it below the caller's own response timeout.
    /// </summary>
    /// <value>Null by default, which means <see cref="RaftOptions.RequestTimeout"/>; 1 s to 5 min.</value>
    public TimeSpan? RequestTimeout { get; set; }

    /// <summary>
    /// Name of a registered grain storage that takes the states' bytes instead of the embedded store; every replica keeps its own rows there. What is decided is decided
    /// without it. Count on it to be there: while it does not answer, this provider's groups don't go on.
    /// </summary>
    /// <value>Null by default: the embedded store.</value>
    public string? BackingStorageName { get; set; }

    /// <summary>How fresh reads must be. With <see cref="RaftReadOptions.Local"/> a grain may start from an old state and learn of it at its first write.</summary>
    /// <value><see cref="RaftReadOptions.Linearizable"/> by default.</value>
    public RaftReadOptions ReadMode { get; set; } = RaftReadOptions.Linearizable;

    /// <summary>Turns states into bytes.</summary>
    /// <value>The keyed serializer of the provider's name if one is registered, else Orleans' binary serializer.</value>
    public IGrainStorageSerializer GrainStorageSerializer { get; set; } = null!;
}
