namespace Orleans.Raft.Core;

internal static class MeasuresTime
{
    public static object Use() => System.Diagnostics.Stopwatch.GetTimestamp();
}
