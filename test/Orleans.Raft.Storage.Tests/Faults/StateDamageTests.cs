using System.Globalization;
using Orleans.Configuration;
using Orleans.Raft.Storage.Engine;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Storage.Tests.Faults;

/// <summary>
/// Bytes of RocksDB's files flipped: refusal, a failed read, or no effect; never other rows than were written. ORLEANS_RAFT_STATE_FLIPS=100000 flips every byte,
/// ORLEANS_RAFT_STATE_SEED repeats a run.
/// </summary>
public sealed class StateDamageTests(ITestOutputHelper output) : IDisposable
{
    private static readonly Guid StoreId = Guid.NewGuid();
    private static readonly RaftEngineOptions Options = new() { StateMemoryBytes = 4 << 20, StateWriteBufferBytes = 64 << 10 };
    private readonly TemporaryDirectory _directory = new();
    private readonly List<string> _flushed = [];

    private string Original => Path.Combine(_directory.Path, "original");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task FlippedByte_InAnyFileOfTheDatabase_NeverGivesOtherRows()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("ORLEANS_RAFT_STATE_SEED") ?? $"{Environment.TickCount}", CultureInfo.InvariantCulture);
        var count = int.Parse(Environment.GetEnvironmentVariable("ORLEANS_RAFT_STATE_FLIPS") ?? "60", CultureInfo.InvariantCulture);
        output.WriteLine($"seed {seed}");
        var expected = await WriteAsync(seed);
        var random = new Random(seed);
        var tally = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var (file, offset) in Places(random, count))
        {
            var outcome = await FlipAndReadAsync(file, offset, (byte)(1 << random.Next(8)), expected, $"seed {seed} {file} offset {offset}");
            var kind = $"{Path.GetExtension(file)}{new string(file.TakeWhile(char.IsLetter).ToArray())} {outcome}";
            tally[kind] = tally.GetValueOrDefault(kind) + 1;
        }

        output.WriteLine(string.Join('\n', tally.Select(static pair => $"{pair.Key}: {pair.Value}")));
        Assert.Contains(tally.Keys, static key => !key.EndsWith("no effect", StringComparison.Ordinal));
    }

    [Fact]
    public async Task DeletedOrShortenedFile_OfTheDatabase_IsRefused_OrGivesAnEarlierFlushWhole()
    {
        var expected = await WriteAsync(seed: 1);
        var tally = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var file in Directory.GetFiles(Original).Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal))
        {
            var length = new FileInfo(Path.Combine(Original, file)).Length;
            foreach (var left in new[] { -1, 0, length / 3, length * 2 / 3, length - 1 }.Distinct())
            {
                var outcome = await ReadAsync(expected, $"{file} cut to {left} of {length} bytes", (name, bytes) =>
                    name != file ? bytes : left < 0 ? null : bytes[..(int)Math.Min(left, bytes.Length)]);
                output.WriteLine($"{file} cut to {left} of {length} bytes: {outcome}");
                tally[outcome] = tally.GetValueOrDefault(outcome) + 1;
            }
        }

        Assert.True(tally["refused"] > 10);
    }

    // RocksDB never comes to the end of a manifest with a record that calls itself recycled.
    [Fact]
    public async Task RecordThatCallsItselfRecycled_InTheManifest_IsRefused_AndNotReadForEver()
    {
        var expected = await WriteAsync(seed: 1);
        var manifest = Path.GetFileName(Assert.Single(Directory.GetFiles(Original, "MANIFEST-*")));
        var bytes = await File.ReadAllBytesAsync(Path.Combine(Original, manifest));
        var refused = 0;
        for (var at = 0; at < bytes.Length; at++)
        {
            // Every byte that may be a type: a whole record, turned into a whole recycled one.
            if (bytes[at] == 1 && await FlipAndReadAsync(manifest, at, 4, expected, $"{manifest} offset {at}") == "refused")
            {
                refused++;
            }
        }

        Assert.True(refused > 5, $"{refused} refused");
    }

    [Fact]
    public async Task Store_that_cannot_flush_at_its_end_says_so_and_is_closed_so_that_it_can_be_opened_again()
    {
        await WriteAsync(seed: 1);
        var state = RocksStateStore.Open(Original, StoreId, Options);
        var batch = new StateBatch(state, 1) { Applied = new AppliedState(new Raft.Core.EntryId(1, 100), Raft.Core.ConfState.Of([new(1)])) };
        batch.Put([1], [1]);
        await state.WriteAsync(batch);
        Directory.Delete(Original, recursive: true);

        await Assert.ThrowsAsync<LogStoreException>(async () => await state.DisposeAsync());
        await using var again = RocksStateStore.Open(Original, StoreId, Options);
    }

    // A manifest that ends early, also because a length in it does, looks like one that a crash interrupted.
    private static bool IsCut(string where) => where.Contains("cut to", StringComparison.Ordinal) || where.Contains("MANIFEST", StringComparison.Ordinal);

    private async Task<string> WriteAsync(int seed)
    {
        _flushed.Add("");
        var random = new Random(seed);
        await using var state = RocksStateStore.Open(Original, StoreId, Options);
        for (var index = 1; index <= 60; index++)
        {
            var batch = new StateBatch(state, 1 + (index % 2)) { Applied = new AppliedState(new Raft.Core.EntryId(1, index), Raft.Core.ConfState.Of([new(1)])) };
            for (var i = 0; i < 10; i++)
            {
                var value = new byte[random.Next(100)];
                random.NextBytes(value);
                batch.Put([(byte)random.Next(200)], value);
            }

            await state.WriteAsync(batch);
            if (index % 15 == 0)
            {
                await state.FlushAsync(default);
                _flushed.Add(EngineDirectory.Describe(state));
            }
        }

        return EngineDirectory.Describe(state);
    }

    /// <summary>The same number in each kind of file: its first and last bytes, and some between.</summary>
    private IEnumerable<(string File, int Offset)> Places(Random random, int count)
    {
        // A log of events and the options are written, never read.
        var files = Directory.GetFiles(Original).Select(static path => Path.GetFileName(path)).Where(static name => name is not ("LOCK" or "IDENTITY") && !name.StartsWith("LOG", StringComparison.Ordinal) && !name.StartsWith("OPTIONS", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        foreach (var file in files)
        {
            var length = (int)new FileInfo(Path.Combine(Original, file)).Length;
            var each = Math.Min(length, count / files.Count);
            var offsets = each == length ? Enumerable.Range(0, length) : Enumerable.Range(0, each).Select(i => i < each / 4 ? length - 1 - random.Next(Math.Min(length, 60)) : random.Next(length));
            foreach (var offset in offsets.Distinct())
            {
                yield return (file, offset);
            }
        }
    }

    private Task<string> FlipAndReadAsync(string file, int offset, byte bit, string expected, string where) => ReadAsync(expected, where, (name, bytes) =>
    {
        if (name == file)
        {
            bytes[offset] ^= bit;
        }

        return bytes;
    });

    private async Task<string> ReadAsync(string expected, string where, Func<string, byte[], byte[]?> damage)
    {
        var copy = Path.Combine(_directory.Path, "copy");
        Directory.CreateDirectory(copy);
        try
        {
            foreach (var path in Directory.GetFiles(Original))
            {
                if (damage(Path.GetFileName(path), File.ReadAllBytes(path)) is { } bytes)
                {
                    File.WriteAllBytes(Path.Combine(copy, Path.GetFileName(path)), bytes);
                }
            }

            RocksStateStore state;
            try
            {
                state = RocksStateStore.Open(copy, StoreId, Options);
            }
            catch (IOException)
            {
                return "refused";
            }

            try
            {
                await using (state)
                {
                    var found = EngineDirectory.Describe(state);
                    // A manifest that ends early looks like one that a crash interrupted. The applied index goes back with the rows, and the log has the rest or the
                    // replica faults (SAFETY-RULES A11).
                    Assert.True(expected == found || (IsCut(where) && _flushed.Contains(found)), $"{where}: expected\n{expected}found\n{found}");
                    return expected == found ? "no effect" : "an earlier flush";
                }
            }
            catch (CorruptionException)
            {
                return "failed read";
            }
            catch (LogStoreException e) when (e.InnerException?.Message.StartsWith("Corruption", StringComparison.Ordinal) is true)
            {
                // Found by a compaction in the background: the store takes nothing more, and says so when it is closed.
                return "stopped store";
            }
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }
}
