namespace Orleans.Configuration;

/// <summary>Settings of the engine: the durable log of all groups of a silo, and the state store beside it.</summary>
public sealed class RaftEngineOptions
{
    /// <summary>Default of <see cref="SegmentBytes"/>.</summary>
    public const long DefaultSegmentBytes = 64 << 20;

    /// <summary>Default of <see cref="MaxBatchBytes"/>.</summary>
    public const int DefaultMaxBatchBytes = 4 << 20;

    /// <summary>Default of <see cref="MaxQueuedBytes"/>.</summary>
    public const long DefaultMaxQueuedBytes = 64 << 20;

    /// <summary>Default of <see cref="CacheBytes"/>.</summary>
    public const long DefaultCacheBytes = 64 << 20;

    /// <summary>Default of <see cref="StateMemoryBytes"/>.</summary>
    public const long DefaultStateMemoryBytes = 128 << 20;

    /// <summary>Default of <see cref="StateWriteBufferBytes"/>.</summary>
    public const long DefaultStateWriteBufferBytes = 16 << 20;

    /// <summary>Default of <see cref="IdleMark"/>.</summary>
    public static readonly TimeSpan DefaultIdleMark = TimeSpan.FromMilliseconds(50);

    /// <summary>Size of a segment file of the log. An idle directory holds two or three of them.</summary>
    /// <value>Defaults to 64 MiB. At least 64 KiB.</value>
    public long SegmentBytes { get; set; } = DefaultSegmentBytes;

    /// <summary>How much is gathered into one write and one fsync.</summary>
    /// <value>Defaults to 4 MiB.</value>
    public int MaxBatchBytes { get; set; } = DefaultMaxBatchBytes;

    /// <summary>From how many waiting bytes on the log reports itself full, so that no more proposals are admitted.</summary>
    /// <value>Defaults to 64 MiB.</value>
    public long MaxQueuedBytes { get; set; } = DefaultMaxQueuedBytes;

    /// <summary>Payload bytes of recent entries that are kept in memory, so that sending and applying them doesn't read the disk.</summary>
    /// <value>Defaults to 64 MiB.</value>
    public long CacheBytes { get; set; } = DefaultCacheBytes;

    /// <summary>
    /// After how much idleness the log notes that all before is durable. Within this time after the last write a damaged last batch can't be told
    /// from one that a crash interrupted.
    /// </summary>
    /// <value>Defaults to 50 ms.</value>
    public TimeSpan IdleMark { get; set; } = DefaultIdleMark;

    /// <summary>Native memory of the state store: cached blocks and unflushed writes together. The garbage collector does not see it.</summary>
    /// <value>Defaults to 128 MiB.</value>
    public long StateMemoryBytes { get; set; } = DefaultStateMemoryBytes;

    /// <summary>
    /// After how many bytes of writes the state store flushes by itself. What is not flushed is applied again from the log after a crash, so this is also
    /// how much of the log is needed.
    /// </summary>
    /// <value>Defaults to 16 MiB.</value>
    public long StateWriteBufferBytes { get; set; } = DefaultStateWriteBufferBytes;

    /// <summary>Throws if a value is out of its range, naming option, value and range.</summary>
    public void Validate()
    {
        Check(nameof(SegmentBytes), SegmentBytes, 64 << 10, 1 << 30);
        Check(nameof(MaxBatchBytes), MaxBatchBytes, 4 << 10, 256 << 20);
        Check(nameof(MaxQueuedBytes), MaxQueuedBytes, 4 << 10, long.MaxValue);
        Check(nameof(CacheBytes), CacheBytes, 0, long.MaxValue);
        Check(nameof(StateMemoryBytes), StateMemoryBytes, 4 << 20, long.MaxValue);
        Check(nameof(StateWriteBufferBytes), StateWriteBufferBytes, 64 << 10, StateMemoryBytes);
        Check(nameof(IdleMark), IdleMark.Ticks, TimeSpan.TicksPerMillisecond, TimeSpan.TicksPerHour);
    }

    private static void Check(string option, long value, long least, long most)
    {
        if (value < least || value > most)
        {
            throw new ArgumentOutOfRangeException(option, value, $"RaftEngineOptions.{option} must be from {least} to {most}.");
        }
    }
}
