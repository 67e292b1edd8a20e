using System.Security.Cryptography;
using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <summary>State as rows: rows, sessions, configuration and position change in one batch (SAFETY-RULES A4, A11, A13).</summary>
internal sealed class StoredReplicaState : ReplicaState, IStateRows, IStateReader
{
    private readonly IStoredStateMachine _machine;

    // Two batches take turns: one belongs to the store until it is written.
    private StateBatch _batch;

    public StoredReplicaState(IStoredStateMachine machine, IStateStore store, long generation) : base(store, generation)
    {
        _machine = machine;
        _batch = new StateBatch(store, generation);
    }

    /// <inheritdoc/>
    public override bool IsSavedAsWhole => false;

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> Apply(CommandPosition position, ReadOnlyMemory<byte> command) => _machine.Apply(this, position, command);

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> Query(ReadOnlyMemory<byte> query) => _machine.Query(this, query);

    /// <inheritdoc/>
    public override ValueTask CommitAsync(EntryId position, ConfState confState)
    {
        var batch = _batch;
        Sessions.WriteChanges(batch);
        batch.Applied = new AppliedState(position, confState);
        _batch = new StateBatch(Store, Generation);
        return Store.WriteAsync(batch);
    }

    /// <inheritdoc/>
    public override Task<byte[]?> HashAsync()
    {
        var view = Store.OpenView(Generation);
        return Task.Run<byte[]?>(() =>
        {
            using (view)
            {
                using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                foreach (var row in view.Scan(ReadOnlyMemory<byte>.Empty, ReadOnlyMemory<byte>.Empty))
                {
                    SnapshotInstall.Hash(hash, row.Key, row.Value);
                }

                return hash.GetHashAndReset();
            }
        });
    }

    /// <inheritdoc/>
    byte[]? IStateRows.Get(ReadOnlySpan<byte> key) => _batch.Get(StateKeys.OfUser(key));

    /// <inheritdoc/>
    void IStateRows.Put(ReadOnlySpan<byte> key, byte[] value) => _batch.Put(StateKeys.OfUser(key), value);

    /// <inheritdoc/>
    void IStateRows.Delete(ReadOnlySpan<byte> key) => _batch.Delete(StateKeys.OfUser(key));

    /// <inheritdoc/>
    byte[]? IStateReader.Get(ReadOnlySpan<byte> key) => Store.Get(Generation, StateKeys.OfUser(key));

    /// <inheritdoc/>
    IEnumerable<StateRow> IStateReader.Scan(ReadOnlyMemory<byte> from)
    {
        using var view = Store.OpenView(Generation);
        foreach (var row in view.Scan(StateKeys.OfUser(from.Span), new[] { (byte)(StateKeys.User + 1) }))
        {
            yield return new StateRow(row.Key[1..], row.Value);
        }
    }

    /// <inheritdoc/>
    protected override void Load(IStateView view)
    {
        _batch = new StateBatch(Store, Generation);
        Sessions.Read(view);
    }
}
