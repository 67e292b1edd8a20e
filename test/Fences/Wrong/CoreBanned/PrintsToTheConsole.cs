namespace Orleans.Raft.Core;

internal static class PrintsToTheConsole
{
    public static object Use() => System.Console.Out;
}
