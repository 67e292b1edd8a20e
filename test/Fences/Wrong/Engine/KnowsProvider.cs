namespace Orleans.Raft.Storage.Engine;

internal static class KnowsProvider
{
    public static Provider.RaftGrainStorage? Storage { get; }
}
