using System.Diagnostics;

namespace Orleans.Raft.Hosting;

/// <summary>The activity source <c>Orleans.Raft</c>: a span for each write and linearizable read, as its caller sees it.</summary>
internal static class RaftActivities
{
    private static readonly ActivitySource Source = new(RaftMetrics.Name);

    /// <summary>Begins a span; null when nobody listens, which costs nothing.</summary>
    public static Activity? Start(string operation, RaftGroupId group)
    {
        var activity = Source.StartActivity(operation, ActivityKind.Client);
        activity?.SetTag("raft.group", group.ToString());
        return activity;
    }

    /// <summary>Ends a span with what the operation came to.</summary>
    public static async Task<ReadOnlyMemory<byte>> UntilAsync(Activity activity, Task<ReadOnlyMemory<byte>> operation)
    {
        using (activity)
        {
            try
            {
                return await operation;
            }
            catch (Exception exception)
            {
                activity.SetStatus(ActivityStatusCode.Error, exception.Message);
                activity.SetTag("error.type", exception.GetType().Name);
                throw;
            }
        }
    }
}
