namespace Orleans.Raft;

/// <summary>The log store has stopped for good. Whether the write at hand is durable is unknown; a restart will tell.</summary>
/// <param name="message">What failed, where, and what to do.</param>
/// <param name="innerException">The cause.</param>
public sealed class LogStoreException(string message, Exception? innerException = null) : IOException(message, innerException);

/// <summary>A write came from an owner that is no longer the latest one of the group. Nothing was written.</summary>
/// <param name="message">Which group, which owner, who owns it now.</param>
public sealed class FencedException(string message) : InvalidOperationException(message);
