namespace Orleans.Raft.Storage.Clustering;

/// <summary>No connection, because nothing is born yet and the other end is configured with other voters.</summary>
internal sealed class OtherVotersException(string silo, string theirs, string mine) : IOException(Describe(silo, theirs, mine))
{
    /// <summary>Both lists in one sentence.</summary>
    public static string Describe(string silo, string theirs, string mine) =>
        $"the voters of {silo} are {theirs}, here they are {mine}; make Voters equal everywhere";
}
