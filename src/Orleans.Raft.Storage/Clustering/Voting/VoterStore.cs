using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>
/// Log and snapshot of the clustering group in the log store. The snapshot is the only entry of a second group, so that it and the
/// compaction of the log are one atomic batch (SAFETY-RULES A6, A11).
/// </summary>
internal sealed class VoterStore
{
    /// <summary>The group's log.</summary>
    public static readonly RaftGroupId LogGroup = new("clustering", 0);

    /// <summary>Where the latest snapshot is.</summary>
    public static readonly RaftGroupId StateGroup = new("clustering-state", 0);

    private readonly ILogStore _store;
    private readonly GroupLog _log;
    private readonly GroupLog _snapshots;
    private long _lastSnapshot;

    private VoterStore(ILogStore store, GroupLog log, GroupLog snapshots)
    {
        _store = store;
        _log = log;
        _snapshots = snapshots;
        _lastSnapshot = snapshots.Reader.LastIndex;
        Metadata = log.Metadata.IsEmpty ? null : VoterMetadata.Decode(log.Metadata);
    }

    /// <summary>This life of the store.</summary>
    public StoreIdentity Identity => _store.Identity;

    /// <summary>Tells this opening from one of a copy that counts the same.</summary>
    public Guid Life { get; } = Guid.NewGuid();

    /// <summary>Who lives here, or nobody yet.</summary>
    public VoterMetadata? Metadata { get; private set; }

    /// <summary>The log as Core reads it.</summary>
    public ILogReader Log => _log.Reader;

    /// <summary>Takes both logs over; whoever wrote before is fenced (A12).</summary>
    public static async Task<VoterStore> OpenAsync(ILogStore store, CancellationToken cancellationToken)
    {
        var log = await store.OpenAsync(LogGroup, cancellationToken).ConfigureAwait(false);
        var snapshots = await store.OpenAsync(StateGroup, cancellationToken).ConfigureAwait(false);
        return new VoterStore(store, log, snapshots);
    }

    /// <summary>The state as of the latest snapshot; none in a replica that was added and has not received one.</summary>
    public TableState? ReadState()
    {
        if (_lastSnapshot == 0)
        {
            return null;
        }

        var entries = new List<Entry>(1);
        return _snapshots.Reader.TryRead(_lastSnapshot, _lastSnapshot + 1, long.MaxValue, entries) && entries.Count == 1
            ? TableState.Decode(entries[0].Data)
            : throw new InvalidOperationException($"{StateGroup} holds no entry {_lastSnapshot}; the store contradicts itself.");
    }

    /// <summary>Makes a replica that starts from the group's birth.</summary>
    public async Task WriteGenesisAsync(VoterMetadata metadata, TableState genesis, ConfState confState)
    {
        var batch = new WriteBatch();
        var position = new EntryId(1, genesis.Applied);
        batch.SetMetadata(_log, metadata.Encode());
        AddSnapshot(batch, position.Term, genesis.Encode());
        batch.ResetTo(_log, position, confState);
        batch.SetHardState(_log, new HardState(1, ReplicaId.None, genesis.Applied));
        await _store.WriteAsync(batch).ConfigureAwait(false);
        Metadata = metadata;
    }

    /// <summary>Makes a replica that knows nothing and waits for the leader's snapshot.</summary>
    public async Task WriteAddedAsync(VoterMetadata metadata)
    {
        var batch = new WriteBatch();
        batch.SetMetadata(_log, metadata.Encode());
        await _store.WriteAsync(batch).ConfigureAwait(false);
        Metadata = metadata;
    }

    /// <summary>What Core wants to be durable; completes when it is.</summary>
    public ValueTask AppendAsync(Message append)
    {
        var batch = new WriteBatch();
        if (append.Snapshot is { } snapshot)
        {
            AddSnapshot(batch, snapshot.Id.Term, snapshot.Data);
            batch.ResetTo(_log, snapshot.Id, snapshot.ConfState);
        }

        batch.Append(_log, [.. append.Entries]);
        if (append.Term != 0)
        {
            batch.SetHardState(_log, new HardState(append.Term, append.Vote, append.Commit));
        }

        return batch.IsEmpty ? ValueTask.CompletedTask : _store.WriteAsync(batch);
    }

    /// <summary>Stores the state and drops what it covers, but for a tail.</summary>
    public ValueTask CompactAsync(TableState state, ConfState confState, int tail)
    {
        var index = Math.Max(Log.FirstIndex - 1, state.Applied - tail);
        if (!Log.TryGetTerm(state.Applied, out var term) || !Log.TryGetTerm(index, out var compactedTerm))
        {
            throw new InvalidOperationException($"{LogGroup} has applied {state.Applied}, its log is {Log.FirstIndex}..{Log.LastIndex}.");
        }

        var batch = new WriteBatch();
        AddSnapshot(batch, term, state.Encode());
        batch.SetConfState(_log, confState);
        batch.CompactTo(_log, new EntryId(compactedTerm, index));
        return _store.WriteAsync(batch);
    }

    private void AddSnapshot(WriteBatch batch, long term, ReadOnlyMemory<byte> data)
    {
        batch.Append(_snapshots, [new Entry(term, ++_lastSnapshot, EntryType.EntryNormal, data)]);
        if (_lastSnapshot > 1)
        {
            batch.CompactTo(_snapshots, new EntryId(term, _lastSnapshot - 1));
        }
    }
}
