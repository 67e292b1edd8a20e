using Orleans.Configuration;
using Orleans.Raft.Core;
using Orleans.Raft.Storage.Engine;
using Orleans.Raft.TestDisk;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Storage.Tests.Faults;

/// <summary>
/// Every byte of a small directory flipped in turn. Allowed are: no effect, refusal at open, a failed read of the one group whose entry it is,
/// and the cut of a batch that was never acknowledged. Never: other data than was written.
/// </summary>
public sealed class DamageTests(ITestOutputHelper output)
{
    private static readonly LogStoreSettings Settings = new("/disk", "service", "silo-1");
    private static readonly RaftEngineOptions Options = new() { SegmentBytes = 64 << 10, CacheBytes = 0 };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task FlippedByte_Anywhere_NeverGivesOtherDataThanWasWritten(bool closed)
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var script = Script.Make(seed, steps: 70);
        while (script[^1].IsMark || script[^1].Operations.Count == 0)
        {
            // The last step must be one that can be cut.
            script.RemoveAt(script.Count - 1);
        }

        var expected = await ScriptRun.ExpectAsync(script);
        var disk = await WriteAsync(script, closed);
        var tally = new Dictionary<string, int>();
        var random = new Random(seed);
        foreach (var (path, offset) in Places(disk, random))
        {
            var fork = disk.Fork(offset);
            fork[path][offset] ^= (byte)(1 << random.Next(8));
            var outcome = await OpenAndCompareAsync(fork, expected, closed, $"seed {seed} {path} offset {offset}");
            tally[outcome] = tally.GetValueOrDefault(outcome) + 1;
        }

        output.WriteLine(string.Join(", ", tally.Select(static pair => $"{pair.Key}: {pair.Value}")));
        Assert.True(tally.GetValueOrDefault("refused") > 1000, "few places matter?");
        Assert.True(closed || tally.GetValueOrDefault("cut") + tally.GetValueOrDefault("move cut") > 0, "an open log's last batch can be cut");
    }

    [Fact]
    public async Task MissingFile_IsRefused_UnlessItIsOnlyAHelp()
    {
        var disk = await WriteAsync(Script.Make(3, steps: 150), closed: true);
        var refused = 0;
        foreach (var path in disk.Files.ToList())
        {
            var fork = disk.Fork(1);
            fork.Remove(path);
            if (path.EndsWith(".index", StringComparison.Ordinal) || path.Contains("spare-"))
            {
                new InlineLogStore(fork, Settings, Options).Abandon();
                continue;
            }

            var e = Assert.ThrowsAny<IOException>(() => new InlineLogStore(fork, Settings, Options));
            output.WriteLine($"{path}: {e.Message}");
            Assert.Contains(path, e.Message);
            refused++;
        }

        Assert.True(refused >= 5, $"{refused} files");
    }

    [Fact]
    public async Task TruncatedFile_IsRefused_UnlessItIsOnlyAHelp()
    {
        var disk = await WriteAsync(Script.Make(3, steps: 150), closed: true);
        foreach (var path in disk.Files.ToList())
        {
            foreach (var length in new[] { 0, 1, disk[path].Length / 2, disk[path].Length - 1 })
            {
                var fork = disk.Fork(1);
                fork.Truncate(path, length);
                if (path.EndsWith(".index", StringComparison.Ordinal) || path.Contains("spare-"))
                {
                    new InlineLogStore(fork, Settings, Options).Abandon();
                    continue;
                }

                Assert.ThrowsAny<IOException>(() => new InlineLogStore(fork, Settings, Options));
            }
        }
    }

    [Fact]
    public async Task OldManifest_PutBack_IsRefused()
    {
        var disk = new SimulatedDisk(1);
        var store = new InlineLogStore(disk, Settings, Options);
        var old = disk["/disk/log/manifest"].ToArray();
        var log = await store.OpenAsync(new RaftGroupId("g", 0), default);
        for (var index = 1; index <= 20; index++)
        {
            await DiskFailureTests.Write(store, log, index, new byte[10_000]);
        }

        await store.DisposeAsync();
        disk.Overwrite("/disk/log/manifest", old);
        var e = Assert.Throws<CorruptionException>(() => new InlineLogStore(disk, Settings, Options));
        Assert.Contains("manifest", e.File);
    }

    private static async Task<SimulatedDisk> WriteAsync(List<ScriptStep> script, bool closed)
    {
        var disk = new SimulatedDisk(1);
        var store = new InlineLogStore(disk, Settings, Options);
        var run = new ScriptRun(store);
        foreach (var step in script)
        {
            await run.DoAsync(step);
        }

        if (closed)
        {
            await store.DisposeAsync();
        }
        else
        {
            store.Abandon();
        }

        return disk;
    }

    /// <summary>Every byte of what is in use, and a sample of the rest of the segments.</summary>
    private static IEnumerable<(string Path, int Offset)> Places(SimulatedDisk disk, Random random)
    {
        foreach (var path in disk.Files.Where(static path => !path.Contains("spare-")))
        {
            var bytes = disk[path].ToArray();
            var used = Array.FindLastIndex(bytes, static b => b != 0) + 1;
            for (var offset = 0; offset < bytes.Length; offset += offset < Math.Min(used, 3000) || offset > used - 3000 && offset < used ? 1 : random.Next(1, 40))
            {
                yield return (path, offset);
            }
        }
    }

    private static async Task<string> OpenAndCompareAsync(SimulatedDisk disk, List<string> expected, bool closed, string where)
    {
        InlineLogStore store;
        try
        {
            store = new InlineLogStore(disk, Settings, Options);
        }
        catch (IOException)
        {
            return "refused";
        }

        var failedReads = 0;
        var found = await ScriptRun.DescribeAsync(store, e =>
        {
            Assert.IsType<CorruptionException>(e);
            failedReads++;
        });
        if (failedReads > 0)
        {
            // All other groups are as they were.
            var lines = found.Split('\n');
            var wanted = expected[^1].Split('\n');
            Assert.True(failedReads == 1 && lines.Length == wanted.Length && lines.Zip(wanted).Count(static pair => pair.First != pair.Second) == 1, $"{where}\n{found}");
            return "failed read";
        }

        if (found == expected[^1])
        {
            // After the last step the log may have copied live entries out of an old segment; without the copy the original counts.
            return store.GetStatus().CutTail is null ? "no effect" : closed ? "closing mark cut" : "move cut";
        }

        Assert.True(!closed && found == expected[^2], $"{where}: found\n{found}expected\n{expected[^1]}");
        return "cut";
    }
}
