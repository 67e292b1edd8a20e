namespace Orleans.Raft.Storage.Clustering;

/// <summary>A connection of the clustering transport failed, or its other end broke the rules. The connection is closed; the link dials again.</summary>
internal sealed class TransportException : IOException
{
    public TransportException(string message, Exception? innerException = null) : base(message, innerException)
    {
    }
}
