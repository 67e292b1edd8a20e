namespace Orleans.Raft.Storage.Engine;

/// <summary>
/// All that the log asks of a disk. The physical one passes it on; the simulated one loses, tears, fills up, hangs and lies on purpose.
/// Every failure is an <see cref="IOException"/>.
/// </summary>
internal interface IFileSystem
{
    /// <summary>Creates a directory and those above it, durably.</summary>
    void CreateDirectory(string path);

    bool FileExists(string path);

    /// <summary>Names (without directory) of the files in a directory, in ordinal order; empty where there is no directory.</summary>
    IReadOnlyList<string> ListFiles(string directory);

    /// <summary>Creates a file, empty even where there was one.</summary>
    IFile Create(string path);

    /// <summary>Opens a file that exists.</summary>
    IFile Open(string path, bool readOnly = false);

    /// <summary>Renames a file, atomically replacing what had the name. Durable after <see cref="SyncDirectory"/>.</summary>
    void Rename(string from, string to);

    void Delete(string path);

    /// <summary>Makes creations, renames and deletions in a directory durable.</summary>
    void SyncDirectory(string path);

    /// <summary>Takes a lock that lives as long as the result and the process; throws if somebody else has it.</summary>
    IDisposable Lock(string path);
}

/// <summary>An open file.</summary>
internal interface IFile : IDisposable
{
    string Path { get; }

    long Length { get; }

    /// <summary>Writes at an offset; may write less than asked. Use <see cref="FileExtensions.WriteAll"/>.</summary>
    int Write(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>Reads at an offset; less than asked only at the end of the file.</summary>
    int Read(long offset, Span<byte> into);

    /// <summary>fdatasync: contents, and what of the metadata is needed to read them, are durable when it returns. Never call it again after a failure.</summary>
    void SyncData();
}

internal static class FileExtensions
{
    /// <summary>Writes everything, however little the system takes at once.</summary>
    public static void WriteAll(this IFile file, long offset, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var written = file.Write(offset, bytes);
            if (written <= 0)
            {
                throw new IOException($"{file.Path}: write of {bytes.Length} bytes at offset {offset} wrote nothing.");
            }

            bytes = bytes[written..];
            offset += written;
        }
    }

    /// <summary>Reads a whole small file.</summary>
    public static byte[] ReadAll(this IFileSystem files, string path)
    {
        using var file = files.Open(path, readOnly: true);
        var bytes = new byte[file.Length];
        var read = file.Read(0, bytes);
        return read == bytes.Length ? bytes : throw new IOException($"{path}: read {read} of {bytes.Length} bytes.");
    }

    /// <summary>Replaces a small file so that after a crash either the old or the new content is there, whole.</summary>
    public static void ReplaceAtomically(this IFileSystem files, string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".new";
        using (var file = files.Create(temporary))
        {
            file.WriteAll(0, content);
            file.SyncData();
        }

        files.Rename(temporary, path);
        files.SyncDirectory(Path.GetDirectoryName(path)!);
    }
}
