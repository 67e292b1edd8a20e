namespace Orleans.Raft.Core;

internal static class KnowsLogger
{
    public static Microsoft.Extensions.Logging.ILogger? Log { get; }
}
