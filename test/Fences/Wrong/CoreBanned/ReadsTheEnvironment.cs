namespace Orleans.Raft.Core;

internal static class ReadsTheEnvironment
{
    public static object Use() => System.Environment.MachineName;
}
