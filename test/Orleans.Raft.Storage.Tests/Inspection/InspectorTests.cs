using LogInspector;
using Orleans.Raft.Storage.Engine;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Storage.Tests.Inspection;

/// <summary>The inspector, through the sample's commands: what it says of whole and of damaged directories, and that it changes nothing.</summary>
public sealed class InspectorTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string LogDirectory => Path.Combine(_directory.Path, "log");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_whole_directory_is_shown_and_not_changed()
    {
        await EngineDirectory.MakeAsync(_directory.Path);
        var before = Fingerprint();

        var (code, text) = Run("dump", _directory.Path);
        Assert.Equal(0, code);
        var report = EngineInspector.Inspect(_directory.Path);
        Assert.Equal(before, Fingerprint());

        Assert.True(report.IsCleanlyClosed);
        Assert.Equal((1, "service", "silo-1"), (report.OpenCounter, report.ServiceId, report.SiloName));
        Assert.True(report.Segments.Count > 2, text);
        Assert.Contains(report.Segments, static segment => segment.Index == "good");
        Assert.Equal(2, report.Generations.Count);
        Assert.All(report.Generations, generation =>
        {
            Assert.Contains(report.Groups, group => group.Group == generation.Group && group.Generation == generation.Generation);
            Assert.Equal((1L, 5L), (generation.AppliedTerm, generation.AppliedIndex));
            Assert.True(generation.Rows > 10 && generation.Bytes > 1000);
        });
        Assert.Equal(report.Segments.Sum(static segment => segment.LiveBytes), report.Groups.Sum(static group => group.LiveBytes));

        // What it says of the groups is what the store says.
        await using var store = await new StorageEngine(EngineDirectory.Options).OpenAsync(EngineDirectory.Settings(_directory.Path), default);
        Assert.Equal(store.Groups.Select(static group => group.ToString()).Order(), report.Groups.Select(static group => group.Group.ToString()).Order());
        foreach (var group in report.Groups)
        {
            var log = await store.OpenAsync(group.Group, default);
            var (hardState, confState) = log.Reader.InitialState;
            Assert.Equal((log.Generation, log.Reader.FirstIndex - 1, log.Reader.LastIndex), (group.Generation, group.CompactedIndex, group.LastIndex));
            Assert.Equal((hardState.Term, hardState.Vote.Value, hardState.Commit, confState.ToString()), (group.Term, group.Vote, group.Committed, group.Configuration));
            Assert.Contains(group.Group.ToString(), text);
        }

        foreach (var removed in report.Groups.SelectMany(group => store.GetRemovedReplicas(group.Group)))
        {
            Assert.Contains(report.RemovedReplicas, line => line.EndsWith($" {removed}", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Entries_of_a_group_are_listed()
    {
        await EngineDirectory.MakeAsync(_directory.Path);
        var group = EngineInspector.Inspect(_directory.Path).Groups.MaxBy(static group => group.LastIndex - group.CompactedIndex)!;
        var (code, text) = Run("dump", _directory.Path, group.Group.ToString());
        Assert.Equal(0, code);

        var entries = EngineInspector.ReadEntries(_directory.Path, group.Group);
        Assert.Equal(group.LastIndex - group.CompactedIndex, entries.Count);
        await using var store = await new StorageEngine(EngineDirectory.Options).OpenAsync(EngineDirectory.Settings(_directory.Path), default);
        var written = Conformance.LogText.Read((await store.OpenAsync(group.Group, default)).Reader);
        Assert.Equal(written.Select(static entry => (entry.Term, entry.Index, Crc32C.Of(entry.Data.Span))), entries.Select(static entry => (entry.Term, entry.Index, entry.Checksum)));
        Assert.All(entries, entry => Assert.Contains($"{entry.Checksum:x8}", text));
        Assert.Equal(3, Run("dump", _directory.Path, "nobody/7").Code);
    }

    [Fact]
    public async Task A_torn_tail_is_code_1_and_names_the_batch()
    {
        await EngineDirectory.MakeAsync(_directory.Path);
        var (path, offset) = LastBatch();
        Flip(path, offset + 20);

        var (code, text) = Run("check", _directory.Path);
        Assert.Equal(1, code);
        Assert.Contains($"{path}, offset {offset}", text);
        Assert.Contains("never acknowledged", text);
    }

    [Fact]
    public async Task Damage_in_the_middle_is_code_2_and_names_file_offset_expected_found_and_what_to_do()
    {
        await EngineDirectory.MakeAsync(_directory.Path);
        var segment = Directory.GetFiles(LogDirectory, "*.wal").Order().First();
        Flip(segment, SegmentHeader.Size + BatchHeader.Size + 40);

        var (code, text) = Run("check", _directory.Path);
        Assert.Equal(2, code);
        Assert.Contains($"{segment}, offset {SegmentHeader.Size}: expected batch", text);
        Assert.Contains("found", text);
        Assert.Contains("Keep a copy of it", text);

        // The tables still show the rest: the other segments, and the state.
        var report = EngineInspector.Inspect(_directory.Path);
        Assert.NotNull(report.Segments[0].Problem);
        Assert.All(report.Segments.Skip(1), static other => Assert.Null(other.Problem));
        Assert.Equal(2, report.Generations.Count);
        Assert.Equal(2, Run("dump", _directory.Path).Code);
        Assert.Equal(2, Run("status", _directory.Path).Code);
        Assert.Equal(2, Run("dump", _directory.Path, "g/0").Code);
    }

    [Fact]
    public async Task A_bad_bit_in_a_sealed_segment_that_an_opening_would_not_read_is_found()
    {
        await EngineDirectory.MakeAsync(_directory.Path);
        var report = EngineInspector.Inspect(_directory.Path);
        var group = report.Groups.First(group => EngineInspector.ReadEntries(_directory.Path, group.Group).Any(entry => entry.File == report.Segments[0].File));
        var entry = EngineInspector.ReadEntries(_directory.Path, group.Group).First(entry => entry.File == report.Segments[0].File);
        Flip(Path.Combine(LogDirectory, entry.File), (int)entry.Offset + 33);

        Assert.Equal(2, Run("check", _directory.Path).Code);
        await (await new StorageEngine(EngineDirectory.Options).OpenAsync(EngineDirectory.Settings(_directory.Path), default)).DisposeAsync();
    }

    [Fact]
    public async Task A_damaged_index_is_a_note_because_it_is_made_again()
    {
        await EngineDirectory.MakeAsync(_directory.Path);
        Flip(Directory.GetFiles(LogDirectory, "*.index").First(), 50);
        var report = EngineInspector.Inspect(_directory.Path);
        Assert.Equal(EngineCondition.Clean, report.Condition);
        Assert.Contains("made again", Run("status", _directory.Path).Text.Replace("makes it again", "made again"));
    }

    [Fact]
    public async Task A_missing_segment_a_foreign_manifest_and_a_lost_identity_are_told()
    {
        await EngineDirectory.MakeAsync(_directory.Path);
        var identity = Path.Combine(_directory.Path, IdentityFile.Name);
        var kept = File.ReadAllBytes(identity);
        File.Delete(identity);
        Assert.Equal(3, Run("check", _directory.Path).Code);
        File.WriteAllBytes(identity, kept);

        var segment = Directory.GetFiles(LogDirectory, "*.wal").Order().First();
        File.Delete(segment);
        var (code, text) = Run("check", _directory.Path);
        Assert.Equal(2, code);
        Assert.Contains($"{segment}, offset 0: expected segment", text);

        Flip(Path.Combine(LogDirectory, Manifest.Name), 30);
        Assert.Equal(2, Run("check", _directory.Path).Code);
    }

    [Fact]
    public async Task A_shortened_segment_a_lost_first_batch_and_a_lost_state_are_told()
    {
        await EngineDirectory.MakeAsync(_directory.Path);
        var segment = Directory.GetFiles(LogDirectory, "0*.wal").Order().First();
        var bytes = File.ReadAllBytes(segment);
        File.WriteAllBytes(segment, bytes[..20_000]);
        Assert.Contains($"{segment}, offset 20000: expected a file of {bytes.Length} bytes, as its head says, found one of 20000 bytes", Run("check", _directory.Path).Text);

        File.WriteAllBytes(segment, bytes);
        Directory.Delete(Path.Combine(_directory.Path, "state"), recursive: true);
        var (code, text) = Run("status", _directory.Path);
        Assert.Equal(0, code);
        Assert.Contains("state: no such directory", text.Replace("state: no state store", ""));

        // A log with one segment, not sealed: no list says which number its first batch has.
        using var other = new TemporaryDirectory();
        await using (var store = await new StorageEngine(EngineDirectory.Options).OpenAsync(EngineDirectory.Settings(other.Path), default))
        {
            await Faults.DiskFailureTests.Write(store, await store.OpenAsync(new RaftGroupId("g", 0), default), 1);
        }

        var only = Path.Combine(other.Path, "log", Segment.NameOf(1));
        Flip(only, SegmentHeader.Size + 20);
        (code, text) = Run("check", other.Path);
        Assert.Equal(2, code);
        Assert.Contains($"{only}, offset {SegmentHeader.Size}: expected the first batch of its segment, because batch 2 at offset", text);
    }

    [Fact]
    public async Task A_directory_in_use_is_not_shown_as_an_empty_one()
    {
        await EngineDirectory.MakeAsync(_directory.Path);
        await using var store = await new StorageEngine(EngineDirectory.Options).OpenAsync(EngineDirectory.Settings(_directory.Path), default);
        var (code, text) = Run("status", _directory.Path);
        Assert.Equal(3, code);
        Assert.DoesNotContain("0 groups", text);
        Assert.Contains("read only while nothing has it open", text);
    }

    [Fact]
    public async Task Damaged_rows_of_the_state_store_are_code_2()
    {
        await EngineDirectory.MakeAsync(_directory.Path);
        var table = Directory.GetFiles(Path.Combine(_directory.Path, "state"), "*.sst").MaxBy(static path => new FileInfo(path).Length)!;
        Flip(table, 100);
        var (code, text) = Run("check", _directory.Path);
        Assert.Equal(2, code);
        Assert.Contains("Corruption", text);
    }

    [Fact]
    public async Task What_is_in_use_or_is_no_data_directory_is_code_3()
    {
        Assert.Contains("not a data directory", Run("check", _directory.Path).Text);
        Assert.Equal(3, Run("check", _directory.Path).Code);
        Assert.Equal(3, Run("check", _directory.Path + "-that-is-not-there").Code);

        await using (await new StorageEngine(EngineDirectory.Options).OpenAsync(EngineDirectory.Settings(_directory.Path), default))
        {
            var (code, text) = Run("check", _directory.Path);
            Assert.Equal(3, code);
            Assert.Contains("in use", text);
        }

        Assert.Equal(0, Run("check", _directory.Path).Code);
        Assert.Equal(64, Run("repair", _directory.Path).Code);
    }

    private (int Code, string Text) Run(params string[] arguments)
    {
        using var text = new StringWriter();
        var code = LogInspector.Inspection.Run(arguments, text, text);
        output.WriteLine($"{string.Join(' ', arguments)}: exit {code}\n{text}");
        return (code, text.ToString());
    }

    private string Fingerprint() => string.Join('\n', Directory.GetFiles(_directory.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        .Select(static path => $"{path} {File.GetLastWriteTimeUtc(path).Ticks} {Crc32C.Of(File.ReadAllBytes(path)):x8}"));

    private (string Path, int Offset) LastBatch()
    {
        var path = Directory.GetFiles(LogDirectory, "0*.wal").Order().Last(static path => Last(File.ReadAllBytes(path)) > 0);
        return (path, Last(File.ReadAllBytes(path)));

        static int Last(byte[] bytes)
        {
            var segment = SegmentHeader.Read("", bytes).Segment;
            return Enumerable.Range(1, (bytes.Length / BatchHeader.Alignment) - 1).Select(static i => i * BatchHeader.Alignment)
                .LastOrDefault(offset => BatchHeader.TryRead(bytes.AsSpan(offset), out var batch) && batch.Segment == segment);
        }
    }

    private static void Flip(string path, int offset)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[offset] ^= 4;
        File.WriteAllBytes(path, bytes);
    }
}
