namespace Orleans.Raft.Storage.Clustering;

/// <summary>What a read of the table asks for; the body of the request, where an empty one is <see cref="Leader"/>.</summary>
internal enum ReadMode : byte
{
    /// <summary>Linearizable, from the leader: it alone knows the times of being alive that are not logged yet (B8).</summary>
    Leader = 0,

    /// <summary>What this voter has applied, without asking a majority.</summary>
    Local = 1,

    /// <summary>Linearizable, from any voter: for who does not reach the leader.</summary>
    Anyone = 2,
}
