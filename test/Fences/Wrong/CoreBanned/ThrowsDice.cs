namespace Orleans.Raft.Core;

internal static class ThrowsDice
{
    public static object Use() => System.Random.Shared.Next();
}
