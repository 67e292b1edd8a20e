namespace Orleans.Configuration;

/// <summary>How a leader makes sure that it still leads before it answers a linearizable read.</summary>
public enum RaftReadMode
{
    /// <summary>It asks a majority, once for all reads that wait.</summary>
    Safe = 0,

    /// <summary>
    /// It answers at once while a majority has promised not to elect anybody else. Faster, and correct only as long as the monotonic clocks of the silos run at rates that differ
    /// by less than ten percent and none of them stands still while its process runs, as when a virtual machine is suspended or moved. Without a lease it acts as <see cref="Safe"/>.
    /// </summary>
    Lease = 1,
}
