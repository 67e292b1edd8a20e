using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core;

/// <summary>In the steady state append and commit allocate nothing per entry beyond the payload's owner.</summary>
public sealed class AllocationTests
{
    private static readonly byte[] Payload = new byte[128];

    [Theory]
    [InlineData(1, false)]
    [InlineData(16, false)]
    [InlineData(1, true)]
    [InlineData(16, true)]
    [InlineData(256, true)]
    public void Append_and_commit_allocate_nothing(int batch, bool coalesces)
    {
        var loop = new CoreLoop(config => config with { CoalesceAppends = coalesces });
        Run(loop, batch, 5_000);
        var (before, applied) = (GC.GetAllocatedBytesForCurrentThread(), loop.Applied);
        Run(loop, batch, 5_000);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(loop.Applied - applied >= 5_000);
        Assert.True(allocated == 0, $"{allocated} bytes for {loop.Applied - applied} entries");
    }

    [Fact]
    public void An_idle_tick_allocates_nothing()
    {
        var loop = new CoreLoop(config => config with { HeartbeatTicks = 1_000_000, ElectionTicks = 2_000_000 });
        for (var tick = -100; tick < 0; tick++)
        {
            // What is kept of the last inputs has its size by then.
            loop.Leader.Tick(TimeSpan.Zero);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var tick = 0; tick < 10_000; tick++)
        {
            loop.Leader.Tick(TimeSpan.FromMilliseconds(tick));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Run(CoreLoop loop, int batch, int entries)
    {
        for (var done = 0; done < entries; done += batch)
        {
            loop.Commit(batch, Payload);
            loop.Compact(1_000);
        }
    }
}
