namespace Orleans.Raft.Core;

internal static class MakesGuids
{
    public static object Use() => System.Guid.NewGuid();
}
