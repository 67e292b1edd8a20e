namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// List of the segments that make up the log, oldest first. Durable before the first write to a segment is acknowledged, so that a
/// segment that is missing at the next start is noticed (SAFETY-RULES A7).
/// </summary>
internal sealed record Manifest(Guid StoreId, IReadOnlyList<ManifestEntry> Segments)
{
    public const string Name = "manifest";

    private const uint Magic = 0x314D524F; // "ORM1"

    /// <summary>Reads the manifest of a directory that has an identity.</summary>
    public static Manifest ReadFor(IFileSystem files, string path, Guid storeId)
    {
        if (!files.FileExists(path))
        {
            throw new CorruptionException(path, 0, $"the list of segments of store {storeId:N}", "no such file");
        }

        var manifest = Read(files, path);
        return manifest.StoreId == storeId
            ? manifest
            : throw new CorruptionException(path, 0, $"segments of store {storeId:N}", $"segments of store {manifest.StoreId:N}");
    }

    public static Manifest Read(IFileSystem files, string path)
    {
        using var reader = SealedFile.Open(path, Magic, files.ReadAll(path));
        var store = new Guid(reader.ReadBytes(16));
        var segments = new ManifestEntry[reader.ReadInt32()];
        for (var i = 0; i < segments.Length; i++)
        {
            segments[i] = new ManifestEntry(reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadUInt32());
            if (i > 0 && segments[i].Segment != segments[i - 1].Segment + 1)
            {
                throw new CorruptionException(path, 0, $"segment {segments[i - 1].Segment + 1} after its predecessor", $"segment {segments[i].Segment}");
            }
        }

        return new Manifest(store, segments);
    }

    public void Write(IFileSystem files, string path) => files.ReplaceAtomically(path, SealedFile.Seal(Magic, writer =>
    {
        writer.Write(StoreId.ToByteArray());
        writer.Write(Segments.Count);
        foreach (var segment in Segments)
        {
            writer.Write(segment.Segment);
            writer.Write(segment.FirstSequence);
            writer.Write(segment.LastSequence);
            writer.Write(segment.DataEnd);
            writer.Write(segment.IndexChecksum);
        }
    }));
}

/// <summary>A segment in the manifest.</summary>
/// <param name="Segment">Its number.</param>
/// <param name="FirstSequence">First sync batch in it; 0 while it is not sealed.</param>
/// <param name="LastSequence">Last sync batch in it; 0 while it is not sealed.</param>
/// <param name="DataEnd">Offset behind the last batch; 0 while it is not sealed.</param>
/// <param name="IndexChecksum">Checksum of its index file; 0 while there is none.</param>
internal readonly record struct ManifestEntry(long Segment, long FirstSequence, long LastSequence, long DataEnd, uint IndexChecksum)
{
    public bool IsSealed => LastSequence != 0;
}
