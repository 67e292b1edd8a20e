using System.Collections.Concurrent;
using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Tests.Clustering;

/// <summary>Stores in memory that outlive their opening, as a directory outlives a process: the same id, a higher counter.</summary>
internal sealed class KeptStores : ILogStoreFactory
{
    private readonly ConcurrentDictionary<string, Kept> _kept = new();

    public ValueTask<ILogStore> OpenAsync(LogStoreSettings settings, CancellationToken cancellationToken)
    {
        var kept = _kept.GetOrAdd(settings.SiloName, static _ => new Kept());
        return new ValueTask<ILogStore>(new Opened(kept.Store, new StoreIdentity(kept.Id, ++kept.Counter)));
    }

    /// <summary>The disk is lost.</summary>
    public void Wipe(string silo) => _kept.TryRemove(silo, out _);

    /// <summary>A backup of the directory is put back: contents as they are now, the counter of an earlier day.</summary>
    public void TurnBack(string silo, long counter) => _kept[silo].Counter = counter;

    private sealed class Kept
    {
        public MemoryLogStore Store { get; } = new();

        public Guid Id { get; } = Guid.NewGuid();

        public long Counter { get; set; }
    }

    private sealed class Opened(MemoryLogStore store, StoreIdentity identity) : ILogStore
    {
        public event Action<LogStoreException>? Failed
        {
            add => store.Failed += value;
            remove => store.Failed -= value;
        }

        public StoreIdentity Identity { get; } = identity;

        public IReadOnlyCollection<RaftGroupId> Groups => store.Groups;

        public bool IsFull => store.IsFull;

        public ValueTask<GroupLog> OpenAsync(RaftGroupId group, CancellationToken cancellationToken) => store.OpenAsync(group, cancellationToken);

        public ValueTask WriteAsync(WriteBatch batch) => store.WriteAsync(batch);

        public IReadOnlyCollection<ReplicaId> GetRemovedReplicas(RaftGroupId group) => store.GetRemovedReplicas(group);

        public long NewGeneration() => store.NewGeneration();

        public LogStoreStatus GetStatus() => store.GetStatus();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
