using System.Security.Cryptography;
using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <summary>State as rows: rows, sessions, configuration and position change in one batch (SAFETY-RULES A4, A11, A13).</summary>
internal sealed class StoredReplicaState : ReplicaState, IStateRows
{
    private readonly IStoredStateMachine _machine;
    private readonly IProjectedStateMachine? _projected;
    private readonly ReplicaHome _home;
    private readonly HeldViews _views;
    private ReplicaPlace _place;

    // Made by the first change; it belongs to the store from the commit on.
    private StateBatch? _batch;

    public StoredReplicaState(IStoredStateMachine machine, IStateStore store, long generation, ReplicaHome home) : base(store, generation)
    {
        _machine = machine;
        _projected = machine as IProjectedStateMachine;
        _home = home;
        _views = new HeldViews(store, TimeProvider.System);
        _place = PlaceOf(generation);
    }

    private StateBatch Batch => _batch ??= new StateBatch(Store, Generation);

    /// <inheritdoc/>
    public override bool IsSavedAsWhole => false;

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> Apply(CommandPosition position, ReadOnlyMemory<byte> command) => _machine.Apply(this, position, command);

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> Query(ReadOnlyMemory<byte> query) => _machine.Query(_place.Rows, query);

    /// <inheritdoc/>
    public override ReplicaPlace? Place => _projected is null ? null : _place;

    /// <inheritdoc/>
    public override bool IsProjected => _projected is not null;

    /// <inheritdoc/>
    public override ValueTask<ReadOnlyMemory<byte>> QueryAsync(ReadOnlyMemory<byte> query) =>
        _projected is null ? base.QueryAsync(query) : _projected.QueryAsync(_place, query);

    /// <inheritdoc/>
    public override Task ForgetAsync(long generation) => _projected is null ? Task.CompletedTask : _projected.ForgetAsync(PlaceOf(generation));

    /// <inheritdoc/>
    public override void Stop()
    {
        _views.Stop();
        _projected?.Stop();
    }

    /// <inheritdoc/>
    public override ValueTask CommitAsync(EntryId position, ConfState confState)
    {
        var batch = Batch;
        Sessions.WriteChanges(batch);
        batch.Applied = new AppliedState(position, confState);
        _batch = null;
        return _projected is null ? Store.WriteAsync(batch) : new ValueTask(ProjectAsync(_projected, batch));
    }

    // Elsewhere first: the applied position that comes with the rows then says what is there for certain.
    private async Task ProjectAsync(IProjectedStateMachine projected, StateBatch batch)
    {
        var decided = batch.Rows.Where(row => row.Key[0] == StateKeys.User).Select(row => new DecidedRow(row.Key[1..], row.Value)).ToArray();
        foreach (var row in decided)
        {
            if (row.Value is not null)
            {
                batch.Put(StateKeys.OfUser(row.Key), projected.Reduce(row.Key, row.Value));
            }
        }

        await projected.ProjectAsync(_place, decided).ConfigureAwait(false);
        await Store.WriteAsync(batch).ConfigureAwait(false);
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
                foreach (var row in view.Scan(ReadOnlyMemory<byte>.Empty, new[] { StateKeys.Local }))
                {
                    SnapshotInstall.Hash(hash, row.Key, row.Value);
                }

                return hash.GetHashAndReset();
            }
        });
    }

    /// <inheritdoc/>
    byte[]? IStateRows.Get(ReadOnlySpan<byte> key) => Batch.Get(StateKeys.OfUser(key));

    /// <inheritdoc/>
    void IStateRows.Put(ReadOnlySpan<byte> key, byte[] value) => Batch.Put(StateKeys.OfUser(key), value);

    /// <inheritdoc/>
    void IStateRows.Delete(ReadOnlySpan<byte> key) => Batch.Delete(StateKeys.OfUser(key));

    /// <inheritdoc/>
    protected override void OnGeneration()
    {
        _batch = null;
        _place = PlaceOf(Generation);
        _projected?.Attach(_place);
    }

    /// <inheritdoc/>
    protected override void Load(IStateView view)
    {
        Sessions.Read(view);
    }

    private ReplicaPlace PlaceOf(long generation) => new(_home, generation, new GenerationRows(Store, generation, _views));
}
