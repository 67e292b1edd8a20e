using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <summary>
/// What a replica has applied: the user's state and the sessions, and where in the silo's state store they are kept. One of two kinds: rows that change with
/// every batch, or a state in memory that is saved as a whole from time to time.
/// </summary>
internal abstract class ReplicaState
{
    protected ReplicaState(IStateStore store, long generation)
    {
        Store = store;
        Generation = generation;
    }

    /// <summary>What the sessions' commands were answered.</summary>
    public SessionTable Sessions { get; private set; } = new();

    /// <summary>Generation under which the rows are kept; a received snapshot brings a new one.</summary>
    public long Generation { get; private set; }

    /// <summary>Last position that a snapshot could be taken of now, with its configuration; none yet when its index is 0.</summary>
    public AppliedState Stored => Store.GetApplied(Generation);

    /// <summary>True when saving is a step of its own, which compaction must ask for.</summary>
    public abstract bool IsSavedAsWhole { get; }

    /// <summary>The silo's state store.</summary>
    protected IStateStore Store { get; }

    /// <summary>Makes the state of a registered machine.</summary>
    public static ReplicaState Of(object machine, IStateStore store, long generation, ReplicaHome home = default) => machine switch
    {
        IStoredStateMachine stored => new StoredReplicaState(stored, store, generation, home),
        IStateMachine memory => new MemoryReplicaState(memory, store, generation),
        _ => throw new InvalidOperationException(
            $"{machine.GetType()} is registered as the state of a group and is neither an IStateMachine nor an IStoredStateMachine."),
    };

    /// <summary>Takes over what the store holds: at the start, and when a snapshot was received. Returns the position it stands at.</summary>
    public AppliedState Load(long generation)
    {
        Generation = generation;
        Sessions = new SessionTable();
        OnGeneration();
        var applied = Store.GetApplied(generation);
        if (applied.Position.Index == 0)
        {
            return applied;
        }

        using var view = Store.OpenView(generation);
        Load(view);
        return view.Applied;
    }

    /// <summary>Applies a command. What it changes is visible to the next command at once, to queries after <see cref="CommitAsync"/>.</summary>
    public abstract ReadOnlyMemory<byte> Apply(CommandPosition position, ReadOnlyMemory<byte> command);

    /// <summary>Answers a query from what is committed.</summary>
    public abstract ReadOnlyMemory<byte> Query(ReadOnlyMemory<byte> query);

    /// <summary>Answers a query from what is committed, where a part of it may be kept in another store.</summary>
    /// <exception cref="StateElsewhereException">This replica can't answer; another one may.</exception>
    public virtual ValueTask<ReadOnlyMemory<byte>> QueryAsync(ReadOnlyMemory<byte> query) => new(Query(query));

    /// <summary>Where the rows are, for a state of which another store has a part; else null.</summary>
    public virtual ReplicaPlace? Place => null;

    /// <summary>True where the bulk of the state is in another store, which may be slow or fail.</summary>
    public virtual bool IsProjected => false;

    /// <summary>Deletes what another store holds of a generation that is given up, before its rows go.</summary>
    public virtual Task ForgetAsync(long generation) => Task.CompletedTask;

    /// <summary>The replica is no more.</summary>
    public virtual void Stop()
    {
        // Most states have nothing under way.
    }

    /// <summary>Ends a batch that was applied up to a position.</summary>
    public abstract ValueTask CommitAsync(EntryId position, ConfState confState);

    /// <summary>Saves a state that is kept in memory. False where it can't be saved.</summary>
    public virtual ValueTask<bool> SaveAsync(EntryId position, ConfState confState) => new(true);

    /// <summary>
    /// Hash of the state as it is now: a function of the commands applied, so that two replicas at one index have the same. The state is looked at before the call
    /// returns; the work is done elsewhere. Null where the state can't be written out.
    /// </summary>
    public abstract Task<byte[]?> HashAsync();

    /// <summary>The rows are another generation's from now on.</summary>
    protected virtual void OnGeneration()
    {
        // Only who keeps rows by generation elsewhere needs to know.
    }

    /// <summary>Fills the state from the store.</summary>
    protected abstract void Load(IStateView view);
}
