using System.Diagnostics;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Clustering;

/// <summary>Waits for conditions. The limit is for a hang, not a measure.</summary>
internal static class Until
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    public static Task TrueAsync(Func<bool> condition, string what) => TrueAsync(() => Task.FromResult(condition()), what);

    public static async Task TrueAsync(Func<Task<bool>> condition, string what)
    {
        var watch = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await condition())
        {
            if (watch.Elapsed > Limit)
            {
                Assert.Fail($"Waited {Limit.TotalSeconds} s in vain: {what}.");
            }

            await timer.WaitForNextTickAsync();
        }
    }
}
