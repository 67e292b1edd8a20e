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
    public static ReplicaState Of(object machine, IStateStore store, long generation) => machine switch
    {
        IStoredStateMachine stored => new StoredReplicaState(stored, store, generation),
        IStateMachine memory => new MemoryReplicaState(memory, store, generation),
        _ => throw new InvalidOperationException(
            $"{machine.GetType()} is registered as the state of a group and is neither an IStateMachine nor an IStoredStateMachine."),
    };

    /// <summary>Takes over what the store holds: at the start, and when a snapshot was received. Returns the position it stands at.</summary>
    public AppliedState Load(long generation)
    {
        Generation = generation;
        Sessions = new SessionTable();
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

    /// <summary>Ends a batch that was applied up to a position.</summary>
    public abstract ValueTask CommitAsync(EntryId position, ConfState confState);

    /// <summary>Saves a state that is kept in memory. False where it can't be saved.</summary>
    public virtual ValueTask<bool> SaveAsync(EntryId position, ConfState confState) => new(true);

    /// <summary>
    /// Hash of the state as it is now: a function of the commands applied, so that two replicas at one index have the same. The state is looked at before the call
    /// returns; the work is done elsewhere. Null where the state can't be written out.
    /// </summary>
    public abstract Task<byte[]?> HashAsync();

    /// <summary>Fills the state from the store.</summary>
    protected abstract void Load(IStateView view);
}
