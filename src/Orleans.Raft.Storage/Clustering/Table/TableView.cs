using System.Collections.Immutable;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>The table at one position of the log: immutable, for readers on other threads.</summary>
/// <param name="Version">As the last writer set it; 0 before the first.</param>
/// <param name="VersionETag">Index of the entry that set it.</param>
/// <param name="Rows">By silo, in ordinal order, so that every replica encodes the same bytes.</param>
/// <param name="Voters">Who votes, and where it said it can be reached.</param>
internal sealed record TableView(
    int Version,
    long VersionETag,
    ImmutableSortedDictionary<string, SiloRow> Rows,
    ImmutableSortedDictionary<long, VoterBinding> Voters)
{
    /// <summary>A table without rows.</summary>
    public static readonly TableView Empty = new(
        0,
        1,
        ImmutableSortedDictionary.Create<string, SiloRow>(StringComparer.Ordinal),
        ImmutableSortedDictionary<long, VoterBinding>.Empty);
}
