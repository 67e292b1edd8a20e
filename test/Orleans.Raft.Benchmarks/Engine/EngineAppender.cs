using Orleans.Configuration;
using Orleans.Raft.Core;
using Orleans.Raft.Storage.Engine;

namespace Orleans.Raft.Benchmarks.Engine;

/// <summary>The engine's log, with default options.</summary>
internal sealed class EngineAppender : IAppender
{
    private readonly ILogStore _store;
    private readonly GroupLog[] _groups;

    private EngineAppender(ILogStore store, GroupLog[] groups) => (_store, _groups) = (store, groups);

    public string Name => "engine";

    public static async Task<EngineAppender> OpenAsync(string directory, int groups)
    {
        var store = await new StorageEngine(new RaftEngineOptions()).OpenAsync(new LogStoreSettings(directory, "benchmark", "silo-1"), default);
        var logs = await Task.WhenAll(Enumerable.Range(0, groups).Select(number => store.OpenAsync(new RaftGroupId("g", number), default).AsTask()));
        return new EngineAppender(store, logs);
    }

    public IAppend NewAppend() => new Append(this);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private sealed class Append(EngineAppender owner) : IAppend
    {
        private readonly WriteBatch _batch = new();
        private readonly Entry[] _entries = new Entry[1];

        public ValueTask WriteAsync(int group, in Entry entry, long compactTo)
        {
            var log = owner._groups[group];
            _entries[0] = entry;
            _batch.Clear();
            _batch.Append(log, _entries);
            _batch.SetHardState(log, new HardState(entry.Term, new ReplicaId(1), entry.Index));
            if (compactTo > 0)
            {
                _batch.CompactTo(log, new EntryId(entry.Term, compactTo));
            }

            return owner._store.WriteAsync(_batch);
        }
    }
}
