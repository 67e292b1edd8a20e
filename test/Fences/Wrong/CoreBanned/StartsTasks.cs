namespace Orleans.Raft.Core;

internal static class StartsTasks
{
    public static object Use() => System.Threading.Tasks.Task.CompletedTask;
}
