namespace Orleans.Raft.Core;

internal static class TouchesFiles
{
    public static object Use() => System.IO.File.Exists("raft");
}
