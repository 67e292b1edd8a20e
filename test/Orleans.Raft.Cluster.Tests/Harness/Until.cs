using System.Collections;
using Orleans.Runtime;

namespace Orleans.Raft.Cluster.Tests;

/// <summary>Waiting for a condition instead of for time.</summary>
public static class Until
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Asks until the answer is as wished; errors of a cluster in change are answers, too.</summary>
    public static async Task<T> AsyncTrue<T>(Func<Task<T>> ask, Func<T, bool> isSo)
    {
        var start = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        var last = "";
        while (TimeProvider.System.GetElapsedTime(start) < Limit)
        {
            try
            {
                var answer = await ask();
                if (isSo(answer))
                {
                    return answer;
                }

                last = answer is IEnumerable parts and not string ? string.Join('\n', parts.Cast<object>()) : $"{answer}";
            }
            catch (Exception exception) when (exception is OrleansException or TimeoutException)
            {
                last = exception.Message;
            }

            await timer.WaitForNextTickAsync();
        }

        throw new TimeoutException($"Not so within {Limit}; last: {last}");
    }
}
