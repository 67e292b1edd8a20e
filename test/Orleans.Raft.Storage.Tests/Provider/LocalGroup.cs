using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Orleans.Raft.Storage.Provider;

namespace Orleans.Raft.Storage.Tests.Provider;

/// <summary>A group's state without Raft, over a state store in memory, through the same code that a replica uses.</summary>
internal sealed class LocalGroup
{
    private static readonly ConfState Alone = ConfState.Of([new ReplicaId(1)]);
    private readonly ReplicaState _state;

    public LocalGroup(GroupBirth birth, MemoryStateStore? store = null)
    {
        _state = ReplicaState.Of(new GrainStateMachine(birth), store ?? new MemoryStateStore(), 1);
        _state.Load(1);
    }

    /// <summary>One group alone, which owns all slots.</summary>
    public static GroupBirth Single { get; } = BirthOf(0, 1);

    /// <summary>One group of a family, in a cluster with a known incarnation.</summary>
    public static GroupBirth BirthOf(int index, int groups, int cluster = 1) =>
        new(new RaftGroupId("raft", index), groups, new Guid(cluster, 0, 0, new byte[8]), 5);

    /// <summary>Applies a command within a batch.</summary>
    public ReadOnlyMemory<byte> Apply(CommandPosition position, ReadOnlyMemory<byte> command) => _state.Apply(position, command);

    /// <summary>Ends the batch.</summary>
    public void Commit(long index) => Committed(_state.CommitAsync(new EntryId(1, index), Alone));

    /// <summary>Applies a command as a batch of its own.</summary>
    public ReadOnlyMemory<byte> ApplyAlone(CommandPosition position, ReadOnlyMemory<byte> command)
    {
        var answer = Apply(position, command);
        Commit(position.Index);
        return answer;
    }

    /// <summary>Answers from what was committed.</summary>
    public ReadOnlyMemory<byte> Query(ReadOnlyMemory<byte> query) => _state.Query(query);

    private static void Committed(ValueTask write)
    {
        if (!write.IsCompletedSuccessfully)
        {
            throw new InvalidOperationException("A store in memory writes at once.");
        }
    }
}
