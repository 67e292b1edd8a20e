namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// A segment file. Only the writer thread appends and counts live bytes; readers pin it so that it is not recycled under them.
/// </summary>
internal sealed class Segment(IFile file, long id, long size) : IDisposable
{
    private const int Retired = int.MinValue;

    private int _pins;
    private long _liveBytes;

    public IFile File { get; } = file;

    public long Id { get; } = id;

    public long Size { get; } = size;

    /// <summary>Where the next batch goes.</summary>
    public long WriteOffset { get; set; } = SegmentHeader.Size;

    /// <summary>First sync batch in it; 0 while there is none.</summary>
    public long FirstSequence { get; set; }

    /// <summary>Last sync batch in it; 0 while there is none.</summary>
    public long LastSequence { get; set; }

    /// <summary>Checksum of its index file; 0 while there is none. Maintenance only.</summary>
    public uint IndexChecksum { get; set; }

    /// <summary>Size of its index file.</summary>
    public long IndexBytes { get; set; }

    /// <summary>An entry in it can't be read, so it can't be emptied; its replica learns of that when it reads.</summary>
    public bool IsStuck { get; set; }

    /// <summary>Bytes of records that hold entries which can still be read.</summary>
    public long LiveBytes => Volatile.Read(ref _liveBytes);

    public static string NameOf(long id) => $"{id:d16}.wal";

    public static string IndexNameOf(long id) => $"{id:d16}.index";

    /// <summary>Counts an entry's record in or out.</summary>
    public void AddLive(long bytes) => Volatile.Write(ref _liveBytes, _liveBytes + bytes);

    /// <summary>Keeps the file as it is until <see cref="Unpin"/>; false if it is already given up, and the place looked up must be looked up again.</summary>
    public bool TryPin()
    {
        if (Interlocked.Increment(ref _pins) > 0)
        {
            return true;
        }

        Interlocked.Decrement(ref _pins);
        return false;
    }

    public void Unpin() => Interlocked.Decrement(ref _pins);

    /// <summary>Gives the segment up: true once nobody reads it and nobody will.</summary>
    public bool TryRetire() => Interlocked.CompareExchange(ref _pins, Retired, 0) == 0;

    public void Dispose() => File.Dispose();

    public override string ToString() => $"segment {Id}: batches {FirstSequence}..{LastSequence}, {WriteOffset} of {Size} bytes, {LiveBytes} live";
}
