namespace Orleans.Raft.Storage.Clustering;

/// <summary>What a read of the table asks for; the body of the request, where an empty one is <see cref="Leader"/>.</summary>
internal enum ReadMode : byte
{
    /// <summary>Linearizable, from the leader: it alone knows the times of being alive that are not logged yet (B8).</summary>
    Leader = 0,

    /// <summary>What this voter has applied, without asking a majority; refused while it knows no leader, since then its view may be old.</summary>
    Local = 1,

    /// <summary>Linearizable, from any voter: for who does not reach the leader.</summary>
    Anyone = 2,

    /// <summary>As <see cref="Local"/>, also from a voter that knows no leader: an old view is better than none when nobody has a fresh one.</summary>
    LocalAlone = 3,
}
