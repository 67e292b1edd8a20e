namespace Orleans.Raft;

/// <summary>The disk holds something else than was written. Nothing was changed.</summary>
/// <param name="file">Which file.</param>
/// <param name="offset">Where in the file.</param>
/// <param name="expected">What had to be there.</param>
/// <param name="found">What is there.</param>
/// <param name="advice">What can be done; a default that always holds if null.</param>
public sealed class CorruptionException(string file, long offset, string expected, string found, string? advice = null)
    : IOException($"{file}, offset {offset}: expected {expected}, found {found}. {advice ?? DefaultAdvice}")
{
    private const string DefaultAdvice =
        "The directory is not opened, because cutting here could lose acknowledged writes. Keep a copy of it, check the disk, and let this silo "
        + "join again with an empty directory: its replicas are then made anew from the others.";

    /// <summary>Which file.</summary>
    public string File { get; } = file;

    /// <summary>Where in the file.</summary>
    public long Offset { get; } = offset;

    /// <summary>What had to be there.</summary>
    public string Expected { get; } = expected;

    /// <summary>What is there.</summary>
    public string Found { get; } = found;
}
