using ClusteringSilo;

namespace Orleans.Raft.Cluster.Tests.History;

/// <summary>A grain storage somewhere.</summary>
internal interface IStorageTarget
{
    /// <summary>Does something; the answer is <c>lost</c> where the process dies with it, and <c>failed</c> where there is none to ask.</summary>
    Task<ProviderAnswer> DoAsync(string verb, string key, string? etag, string? text);
}
