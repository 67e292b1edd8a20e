using System.Buffers.Binary;
using Orleans.Configuration;
using Orleans.Raft.Storage.Engine;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Faults;

/// <summary>Directories that are not this silo's to open, and what the status says of an opening; on the real disk.</summary>
public sealed class OpeningTests : IDisposable
{
    private static readonly RaftEngineOptions Options = new() { SegmentBytes = 64 << 10 };
    private readonly TemporaryDirectory _directory = new();

    private LogStoreSettings Settings => new(_directory.Path, "service", "silo-1");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Each_opening_raises_the_counter_and_keeps_the_store_id()
    {
        var first = await OpenAsync();
        await first.DisposeAsync();
        await using var second = await OpenAsync();

        Assert.Equal(1, first.Identity.OpenCounter);
        Assert.Equal(2, second.Identity.OpenCounter);
        Assert.Equal(first.Identity.StoreId, second.Identity.StoreId);
    }

    [Fact]
    public async Task A_directory_in_use_is_refused()
    {
        await using var store = await OpenAsync();
        var e = await Assert.ThrowsAsync<IOException>(() => OpenAsync());
        Assert.Contains("in use", e.Message);
    }

    [Theory]
    [InlineData("service", "silo-2")]
    [InlineData("another", "silo-1")]
    public async Task A_directory_of_another_silo_or_service_is_refused(string service, string silo)
    {
        await (await OpenAsync()).DisposeAsync();
        var e = await Assert.ThrowsAsync<IOException>(() => OpenAsync(new LogStoreSettings(_directory.Path, service, silo)));
        Assert.Contains("silo 'silo-1' of service 'service'", e.Message);
        await (await OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task A_directory_written_by_a_newer_version_is_refused()
    {
        await (await OpenAsync()).DisposeAsync();
        var path = Path.Combine(_directory.Path, IdentityFile.Name);
        var bytes = File.ReadAllBytes(path);
        bytes[8] = FormatVersion.Current + 1;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Crc32C.Of(bytes.AsSpan(8)));
        File.WriteAllBytes(path, bytes);

        var e = await Assert.ThrowsAsync<IOException>(() => OpenAsync());
        Assert.Contains($"format {FormatVersion.Current + 1}", e.Message);
    }

    [Fact]
    public async Task A_log_without_identity_is_refused()
    {
        var store = await OpenAsync();
        await store.OpenAsync(new RaftGroupId("g", 0), default);
        await store.DisposeAsync();
        File.Delete(Path.Combine(_directory.Path, IdentityFile.Name));

        await Assert.ThrowsAsync<CorruptionException>(() => OpenAsync());
    }

    [Fact]
    public async Task A_cut_tail_is_told_by_the_status()
    {
        var store = await OpenAsync();
        var log = await store.OpenAsync(new RaftGroupId("g", 0), default);
        await DiskFailureTests.Write(store, log, 1, new byte[3000]);
        await store.DisposeAsync();
        Assert.Null(store.GetStatus().CutTail);

        // The closing mark is the last batch; a part of it that was never written looks like this.
        var segment = Path.Combine(_directory.Path, "log", Segment.NameOf(1));
        var bytes = File.ReadAllBytes(segment);
        var last = Enumerable.Range(0, bytes.Length / BatchHeader.Alignment).Last(i => BatchHeader.TryRead(bytes.AsSpan(i * BatchHeader.Alignment), out _));
        bytes[(last * BatchHeader.Alignment) + 20] ^= 1;
        File.WriteAllBytes(segment, bytes);

        await using var again = await OpenAsync();
        Assert.Contains("was never acknowledged and is cut", again.GetStatus().CutTail);
        Assert.Equal(1, (await again.OpenAsync(new RaftGroupId("g", 0), default)).Reader.LastIndex);
    }

    [Fact]
    public async Task A_cut_first_batch_of_a_new_segment_is_told_by_the_status()
    {
        var store = await OpenAsync();
        var log = await store.OpenAsync(new RaftGroupId("g", 0), default);
        await store.DisposeAsync();

        // Without the store's own threads: nothing follows the batch that begins the second segment.
        var segment = Path.Combine(_directory.Path, "log", Segment.NameOf(2));
        var inline = new InlineLogStore(PhysicalFileSystem.Instance, Settings, Options);
        log = await inline.OpenAsync(log.Group, default);
        var index = 0;
        do
        {
            await DiskFailureTests.Write(inline, log, ++index, new byte[5000]);
        }
        while (!BatchHeader.TryRead(File.ReadAllBytes(segment).AsSpan(SegmentHeader.Size), out _));
        inline.Abandon();
        var bytes = File.ReadAllBytes(segment);
        bytes[SegmentHeader.Size + 20] ^= 1;
        File.WriteAllBytes(segment, bytes);

        await using var again = await OpenAsync();
        Assert.Contains($"{segment}, offset {SegmentHeader.Size}: batch", again.GetStatus().CutTail);
        Assert.Equal(index - 1, (await again.OpenAsync(log.Group, default)).Reader.LastIndex);
    }

    private Task<ILogStore> OpenAsync(LogStoreSettings? settings = null) => new StorageEngine(Options).OpenAsync(settings ?? Settings, default).AsTask();
}
