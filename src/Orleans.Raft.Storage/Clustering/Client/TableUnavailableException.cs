using Orleans.Runtime;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>No voter has answered in time, or the outcome of a change is unknown. The message says whom was asked and what came back; asking again is right.</summary>
internal sealed class TableUnavailableException(string message) : OrleansException(message);
