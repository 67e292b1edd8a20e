namespace Orleans.Raft.Core;

internal static class ReadsTicks
{
    public static object Use() => System.Environment.TickCount64;
}
