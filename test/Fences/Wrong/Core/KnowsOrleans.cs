namespace Orleans.Raft.Core;

internal static class KnowsOrleans
{
    public static Orleans.Runtime.SiloAddress? Silo { get; }
}
