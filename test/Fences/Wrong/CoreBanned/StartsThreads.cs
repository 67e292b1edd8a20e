namespace Orleans.Raft.Core;

internal static class StartsThreads
{
    public static object Use() => System.Threading.Thread.CurrentThread;
}
