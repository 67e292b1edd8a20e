namespace Orleans.Raft.Storage.Tests;

/// <summary>A directory that is gone when the test is.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("orleans-raft-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
