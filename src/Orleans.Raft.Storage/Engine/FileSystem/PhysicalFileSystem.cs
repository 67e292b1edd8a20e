using Microsoft.Win32.SafeHandles;

namespace Orleans.Raft.Storage.Engine;

/// <summary>The operating system's files.</summary>
internal sealed class PhysicalFileSystem : IFileSystem
{
    public static readonly PhysicalFileSystem Instance = new();

    // Segments are read while they are written; exclusion is the lock file's job.
    private const FileShare Shared = FileShare.ReadWrite | FileShare.Delete;

    public void CreateDirectory(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        // From the top, each one's name durable before anything is put into it.
        var parent = Path.GetDirectoryName(Path.GetFullPath(path));
        if (parent is not null)
        {
            CreateDirectory(parent);
        }

        Directory.CreateDirectory(path);
        if (parent is not null)
        {
            SyncDirectory(parent);
        }
    }

    public bool FileExists(string path) => File.Exists(path);

    public IReadOnlyList<string> ListFiles(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return [];
        }

        var names = Directory.GetFiles(directory).Select(static path => Path.GetFileName(path)).ToArray();
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    public IFile Create(string path) =>
        new PhysicalFile(path, File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, Shared));

    public IFile Open(string path, bool readOnly) =>
        new PhysicalFile(path, File.OpenHandle(path, FileMode.Open, readOnly ? FileAccess.Read : FileAccess.ReadWrite, Shared));

    public void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    public void Delete(string path) => File.Delete(path);

    public void SyncDirectory(string path) => NativeSync.SyncDirectory(path);

    public IDisposable Lock(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException))
        {
            throw new IOException(
                $"{path}: the data directory is in use by another silo or process. Each silo needs a directory of its own; stop the other one first.", e);
        }
    }

    private sealed class PhysicalFile(string path, SafeFileHandle handle) : IFile
    {
        public string Path { get; } = path;

        public long Length => RandomAccess.GetLength(handle);

        public int Write(long offset, ReadOnlySpan<byte> bytes)
        {
            RandomAccess.Write(handle, bytes, offset);
            return bytes.Length;
        }

        public int Read(long offset, Span<byte> into)
        {
            var total = 0;
            while (total < into.Length)
            {
                var read = RandomAccess.Read(handle, into[total..], offset + total);
                if (read == 0)
                {
                    break;
                }

                total += read;
            }

            return total;
        }

        public void SyncData() => NativeSync.SyncData(handle, Path);

        public void Dispose() => handle.Dispose();
    }
}
