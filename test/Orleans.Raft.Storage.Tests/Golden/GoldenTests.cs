using System.IO.Compression;
using System.Reflection;
using Orleans.Raft.Core;
using Orleans.Raft.Storage.Engine;
using Orleans.Raft.TestDisk;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Golden;

/// <summary>
/// What version 1 wrote is readable forever. The golden files were written once; ORLEANS_RAFT_REWRITE_GOLDEN=1 writes those that are missing, for a new version.
/// </summary>
public sealed class GoldenTests
{
    private static readonly string Folder = Path.Combine(
        typeof(GoldenTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(static attribute => attribute.Key == "RepositoryRoot").Value!,
        "test/Orleans.Raft.Storage.Tests/Golden");

    [Fact]
    public async Task A_directory_of_version_1_is_read()
    {
        var (archive, text) = (Path.Combine(Folder, "format-1.zip"), Path.Combine(Folder, "format-1.txt"));
        using var directory = new TemporaryDirectory();
        if (!File.Exists(archive))
        {
            await WriteAsync(directory.Path, archive, text);
        }

        var copy = Path.Combine(directory.Path, "copy");
        ZipFile.ExtractToDirectory(archive, copy);
        Assert.Equal(EngineCondition.Clean, EngineInspector.Inspect(copy).Condition);
        Assert.Equal(File.ReadAllText(text), await DescribeAsync(copy));

        // And written on.
        Assert.Equal(File.ReadAllText(text), await DescribeAsync(copy));
        Assert.Equal((EngineCondition.Clean, 3L), (EngineInspector.Inspect(copy).Condition, EngineInspector.Inspect(copy).OpenCounter));
    }

    [Fact]
    public void Every_kind_of_record_and_file_of_version_1_has_the_same_bytes_still()
    {
        var path = Path.Combine(Folder, "format-1-bytes.txt");
        var found = string.Concat(Bytes().Select(static pair => $"{pair.Name}: {Convert.ToHexStringLower(pair.Bytes)}\n"));
        if (!File.Exists(path))
        {
            RefuseUnlessAsked();
            File.WriteAllText(path, found);
        }

        Assert.Equal(File.ReadAllText(path), found);
    }

    private static async Task WriteAsync(string directory, string archive, string text)
    {
        RefuseUnlessAsked();
        var path = Path.Combine(directory, "data");
        await EngineDirectory.MakeAsync(path);
        File.WriteAllText(text, await DescribeAsync(path, reopens: false));
        foreach (var noise in Directory.GetFiles(Path.Combine(path, "state"), "LO*"))
        {
            File.Delete(noise);
        }

        ZipFile.CreateFromDirectory(path, archive, CompressionLevel.SmallestSize, includeBaseDirectory: false);
    }

    private static void RefuseUnlessAsked() =>
        Assert.True(Environment.GetEnvironmentVariable("ORLEANS_RAFT_REWRITE_GOLDEN") == "1", "A golden file is missing.");

    private static async Task<string> DescribeAsync(string path, bool reopens = true)
    {
        var copy = path;
        if (!reopens)
        {
            // Opening changes a directory; what is archived is what the first life left.
            copy = path + "-copy";
            foreach (var file in Directory.GetFiles(path, "*", SearchOption.AllDirectories))
            {
                var to = Path.Combine(copy, Path.GetRelativePath(path, file));
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                File.Copy(file, to);
            }
        }

        var engine = new StorageEngine(EngineDirectory.Options);
        var settings = EngineDirectory.Settings(copy);
        await using var log = await engine.OpenAsync(settings, default);
        await using var state = await engine.OpenAsync(settings, log, default);
        var removed = log.Groups.SelectMany(group => log.GetRemovedReplicas(group).Select(replica => $"removed {group} {replica}\n"));
        return await Faults.ScriptRun.DescribeAsync(log) + string.Concat(removed.Order(StringComparer.Ordinal)) + EngineDirectory.Describe(state);
    }

    private static IEnumerable<(string Name, byte[] Bytes)> Bytes()
    {
        var store = new Guid("00112233-4455-6677-8899-aabbccddeeff");
        var group = new RaftGroupId("orders", 17);
        var conf = new ConfState { Voters = [new(1), new(2)], VotersOutgoing = [new(3)], Learners = [new(4)], LearnersNext = [new(3)], AutoLeave = true };
        var disk = new SimulatedDisk(1);
        new IdentityFile(store, 7, "service", "silo-1").Write(disk, "/d/identity");
        new Manifest(store, [new(1, 1, 9, 4096, 77), new(2, 0, 0, 0, 0)]).Write(disk, "/d/manifest");
        List<IndexItem> items = [IndexItem.State(RecordKind.Compact, 5, new EntryId(2, 3)), new(RecordKind.Entry, 1, 0, 5, 2, 4, 512, 100)];
        IndexFile.Write(disk, "/d/index", 1, WalLog.TagOf(store), items);
        yield return ("identity", disk["/d/identity"]);
        yield return ("manifest", disk["/d/manifest"]);
        yield return ("index", disk["/d/index"]);
        yield return ("segment head", new SegmentHeader(store, 3, 1 << 20).ToBytes());

        var buffer = new BatchBuffer();
        buffer.Clear(0);
        buffer.AddNamed(RecordKind.Tombstone, 0, group, 0, 6);
        buffer.AddNamed(RecordKind.CreateGroup, 5, group, 4294967297, 0);
        buffer.AddRange(5, new EntryId(2, 3), 4);
        buffer.AddHardState(5, new HardState(2, new ReplicaId(1), 3));
        buffer.AddConfState(5, conf);
        buffer.AddMetadata(5, [9, 8, 7]);
        buffer.Add(5, new Entry(2, 4, EntryType.EntryConfChange, new byte[] { 1, 2, 3 }));
        buffer.AddCompact(5, new EntryId(2, 4));
        buffer.AddReset(5, new EntryId(3, 10), conf, 4294967298);
        buffer.AddMoved(5, new LogSlot(2, EntryType.EntryNormal, null!, 0, 2), 4, new byte[RecordHeader.Size + 2]);
        buffer.AddNamed(RecordKind.RemoveGroup, 5, group, 0, 6);
        yield return ("batch", buffer.Seal(3, 10, 9, BatchFlags.Carry, WalLog.TagOf(store), 6).ToArray());
        buffer.Clear(0);
        yield return ("closing mark", buffer.Seal(3, 11, 10, BatchFlags.Mark | BatchFlags.Close, WalLog.TagOf(store), 0).ToArray());
        yield return ("applied record", AppliedCodec.Encode(new AppliedState(new EntryId(2, 3), conf) { Extra = new byte[] { 5, 6 } }));
        yield return ("applied key", StateKeys.Applied(4294967297));
        var row = new byte[StateKeys.PrefixSize + 2];
        StateKeys.WriteRow(row, 4294967297, [1, 2]);
        yield return ("row key", row);
    }
}
