namespace Orleans.Raft.Storage.Engine;

internal static class KnowsHosting
{
    public static IRaftGroup? Group { get; }
}
