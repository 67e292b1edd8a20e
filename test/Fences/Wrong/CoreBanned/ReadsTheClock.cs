namespace Orleans.Raft.Core;

internal static class ReadsTheClock
{
    public static object Use() => System.DateTime.UtcNow;
}
