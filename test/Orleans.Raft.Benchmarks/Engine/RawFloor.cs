using System.Diagnostics;
using Orleans.Raft.Storage.Engine;

namespace Orleans.Raft.Benchmarks.Engine;

/// <summary>What the disk itself takes for 4 KiB and an fdatasync: appended to a growing file, and written into zeros that are there already.</summary>
internal static class RawFloor
{
    private const int Block = 4096;
    private const int ZeroedBytes = 16 << 20;

    public static double Appending(string directory, double seconds) => Measure(directory, seconds, isZeroed: false);

    public static double Zeroed(string directory, double seconds) => Measure(directory, seconds, isZeroed: true);

    /// <summary>Syncs per second.</summary>
    private static double Measure(string directory, double seconds, bool isZeroed)
    {
        var path = Path.Combine(directory, $"floor-{Guid.NewGuid():N}");
        var files = PhysicalFileSystem.Instance;
        using (var file = files.Create(path))
        {
            if (isZeroed)
            {
                file.WriteAll(0, new byte[ZeroedBytes]);
                file.SyncData();
            }

            var block = new byte[Block];
            Random.Shared.NextBytes(block);
            var count = 0;
            var watch = Stopwatch.StartNew();
            while (watch.Elapsed.TotalSeconds < seconds)
            {
                file.WriteAll(isZeroed ? (long)count * Block % ZeroedBytes : (long)count * Block, block);
                file.SyncData();
                count++;
            }

            seconds = watch.Elapsed.TotalSeconds / count;
        }

        files.Delete(path);
        return 1 / seconds;
    }
}
