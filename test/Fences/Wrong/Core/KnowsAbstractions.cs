namespace Orleans.Raft.Core;

internal static class KnowsAbstractions
{
    public static RaftGroupId? Group { get; }
}
