namespace Orleans.Raft.Cluster.Tests;

/// <summary>A directory that is gone after the test.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("orleans-raft-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
