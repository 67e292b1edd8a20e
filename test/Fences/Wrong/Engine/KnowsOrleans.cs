namespace Orleans.Raft.Storage.Engine;

internal static class KnowsOrleans
{
    public static Orleans.Runtime.SiloAddress? Silo { get; }
}
