namespace Orleans.Raft.Benchmarks.Providers;

/// <summary>Something that 256 bytes can be written to.</summary>
internal interface IStore : IAsyncDisposable
{
    /// <summary>How it is called in the table.</summary>
    string Name { get; }

    /// <summary>What is certain when a write has returned, and how it was asked.</summary>
    string Durability { get; }

    /// <summary>A write by one of many writers, each of which has a key of its own.</summary>
    Task WriteAsync(int writer);
}
