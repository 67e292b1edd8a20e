namespace Orleans.Raft;

/// <summary>
/// A user's replicated state. Every replica applies the same commands in the same order and must come to the same state:
/// no clock, no randomness, no I/O, no iteration order that differs between processes.
/// </summary>
public interface IStateMachine
{
    /// <summary>Applies a committed command and returns the answer for whoever proposed it.</summary>
    /// <param name="position">Where the command stands in the group's log.</param>
    /// <param name="command">The command's bytes; valid during the call only.</param>
    ReadOnlyMemory<byte> Apply(CommandPosition position, ReadOnlyMemory<byte> command);

    /// <summary>Answers a query from the current state without changing it.</summary>
    ReadOnlyMemory<byte> Query(ReadOnlyMemory<byte> query);
}

/// <summary>Place of a command: an entry carries a batch of commands, numbered from 0.</summary>
/// <param name="Term">Term of the entry.</param>
/// <param name="Index">Index of the entry.</param>
/// <param name="Offset">Number of the command within its entry.</param>
public readonly record struct CommandPosition(long Term, long Index, int Offset)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Term}/{Index}.{Offset}";
}
