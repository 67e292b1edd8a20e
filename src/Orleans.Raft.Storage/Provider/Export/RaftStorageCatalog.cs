using System.Runtime.CompilerServices;
using Orleans.Raft.Hosting;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans.Raft.Storage.Provider;

/// <summary>Merges the groups' sorted pages into one sorted stream; holds one page of each group at a time.</summary>
internal sealed class RaftStorageCatalog(GroupRouter router, IGrainStorageSerializer serializer, int maxStateSize) : IRaftStorageCatalog
{
    /// <summary>Bytes of a page; many groups are open at once, and a page crosses between silos as one message.</summary>
    internal const int PageBytes = 256 * 1024;

    /// <inheritdoc/>
    public async IAsyncEnumerable<RaftStateRecord> ReadAllAsync(
        RaftReadOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var groups = await router.GroupsAsync(cancellationToken);
        var cursors = groups.Select(group => new GroupCursor(group, options)).ToArray();
        var heads = new PriorityQueue<GroupCursor, ReadOnlyMemory<byte>>(KeyOrder.Instance);
        await Task.WhenAll(cursors.Select(cursor => cursor.FillAsync(cancellationToken)));
        foreach (var cursor in cursors.Where(cursor => cursor.HasCurrent))
        {
            heads.Enqueue(cursor, cursor.Current.Key);
        }

        while (heads.TryDequeue(out var cursor, out _))
        {
            yield return ToRecord(cursor.Group, cursor.Current);
            if (await cursor.MoveNextAsync(cancellationToken))
            {
                heads.Enqueue(cursor, cursor.Current.Key);
            }
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<RaftStateRecord> ExportAsync(
        IProgress<RaftExportProgress>? progress, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var groups = await router.GroupsAsync(cancellationToken);
        var (done, states, bytes) = (0, 0L, 0L);
        foreach (var group in groups)
        {
            await using var export = new GroupExport((IReplicaReads)group, PageBytes);
            ExportPage page;
            do
            {
                page = await export.NextAsync(cancellationToken);
                foreach (var item in page.Page.Records)
                {
                    states++;
                    bytes += item.Record.Payload.Length;
                    yield return ToRecord(group.Id, item);
                }

                done += page.Page.IsLast ? 1 : 0;
                progress?.Report(new RaftExportProgress(group.Id, page.Index, done, groups.Count, states, bytes));
            }
            while (!page.Page.IsLast);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<RaftStateRecord?> ReadAsync(
        GrainId grainId, string stateName, RaftReadOptions options, CancellationToken cancellationToken)
    {
        var location = await router.LocateAsync(grainId, stateName, cancellationToken);
        var group = location.Group;
        var bytes = await group.ReadAsync(GrainQuery.Get(location.Slot, location.Groups, location.Key).Encode(), options, cancellationToken);
        var answer = GrainAnswer.Decode(group.Id, bytes);
        return answer switch
        {
            { Verdict: not GrainVerdict.Read } => throw new RaftException($"Group {group.Id} answered {answer.Verdict} to a read of {grainId}, state '{stateName}'."),
            { Record: { Exists: true } record } => ToRecord(group.Id, new KeyedRecord(location.Key, record)),
            _ => null,
        };
    }

    /// <inheritdoc/>
    public Task<RaftImportProgress> ImportAsync<T>(
        IGrainStorage source, string stateName, IAsyncEnumerable<GrainId> grains, IProgress<RaftImportProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(grains);
        ArgumentException.ThrowIfNullOrEmpty(stateName);
        return new StateImport(router, maxStateSize, progress).RunAsync(
            grains,
            async (grain, stopping) =>
            {
                var state = new GrainState<T>();
                await source.ReadStateAsync(stateName, grain, state, stopping);
                return state.RecordExists ? new ImportedState(grain, stateName, serializer.Serialize(state.State).ToMemory()) : null;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<RaftImportProgress> ImportAsync(
        IAsyncEnumerable<RaftStateRecord> records, IProgress<RaftImportProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(records);
        return new StateImport(router, maxStateSize, progress).RunAsync(
            records,
            static (record, _) => ValueTask.FromResult<ImportedState?>(new ImportedState(record.GrainId, record.StateName, record.Payload)),
            cancellationToken);
    }

    private RaftStateRecord ToRecord(RaftGroupId group, in KeyedRecord item)
    {
        var (key, record) = item;
        if (!RecordKey.TryParse(key.Span, out var grainId, out var stateName))
        {
            throw new RaftException($"Group {group}: key {Convert.ToHexString(key.Span)}, version {record.Version}, is none of this format.");
        }

        var checksum = GrainCommand.ChecksumOf(record.Payload.Span);
        return checksum == record.Checksum
            ? new RaftStateRecord(grainId, stateName, record.Version.ToString(), record.Payload, serializer)
            : throw new RaftException(
                $"Group {group}: state '{stateName}' of grain {grainId}, version {record.Version}: checksum {record.Checksum:x16} expected, {checksum:x16} found.");
    }

    private sealed class KeyOrder : IComparer<ReadOnlyMemory<byte>>
    {
        public static KeyOrder Instance { get; } = new();

        public int Compare(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceCompareTo(y.Span);
    }

    private sealed class GroupCursor(IRaftGroup group, RaftReadOptions options)
    {
        private GrainPage _page = new([], IsLast: false);
        private int _next;

        public RaftGroupId Group => group.Id;

        public bool HasCurrent => _next < _page.Records.Count;

        public KeyedRecord Current => _page.Records[_next];

        public async Task<bool> MoveNextAsync(CancellationToken cancellationToken)
        {
            _next++;
            if (!HasCurrent && !_page.IsLast)
            {
                await FillAsync(cancellationToken);
            }

            return HasCurrent;
        }

        public async Task FillAsync(CancellationToken cancellationToken)
        {
            var after = _page.Records.Count == 0 ? default : _page.Records[^1].Key;
            var bytes = await group.ReadAsync(GrainQuery.List(after, PageBytes).Encode(), options, cancellationToken);
            (_page, _next) = (GrainPage.Decode(group.Id, bytes), 0);
        }
    }
}
