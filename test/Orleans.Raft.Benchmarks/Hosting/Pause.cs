namespace Orleans.Raft.Benchmarks.Hosting;

/// <summary>Time that is measured over, or between two looks. A test waits for conditions; a benchmark's condition is the time.</summary>
internal static class Pause
{
    public static async Task ForAsync(TimeSpan length)
    {
        using var timer = new PeriodicTimer(length);
        await timer.WaitForNextTickAsync();
    }
}
