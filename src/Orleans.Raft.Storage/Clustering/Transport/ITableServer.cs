namespace Orleans.Raft.Storage.Clustering;

/// <summary>A voter as its callers see it: in this process, or behind a link.</summary>
internal interface ITableServer
{
    /// <summary>Name of its silo.</summary>
    string Name { get; }

    /// <summary>Asks; one attempt.</summary>
    /// <exception cref="TransportException">It could not be asked, or the connection broke before the answer.</exception>
    Task<Answer> AskAsync(FrameKind kind, ReadOnlyMemory<byte> body, CancellationToken cancellationToken);
}
