namespace Orleans.Raft;

/// <summary>
/// A replicated state that is kept as rows in the silo's state store. Rows, and how far they are applied, change together; a start reads no log
/// but what is not yet applied. The same rules as for <see cref="IStateMachine"/>: the same commands lead to the same rows on every replica.
/// </summary>
public interface IStoredStateMachine
{
    /// <summary>Applies a committed command to the rows and returns the answer for whoever proposed it.</summary>
    /// <param name="rows">The group's rows, with what earlier commands of the same batch changed.</param>
    /// <param name="position">Where the command stands in the group's log.</param>
    /// <param name="command">The command's bytes; valid during the call only.</param>
    ReadOnlyMemory<byte> Apply(IStateRows rows, CommandPosition position, ReadOnlyMemory<byte> command);

    /// <summary>Answers a query from the rows without changing them.</summary>
    ReadOnlyMemory<byte> Query(IStateReader rows, ReadOnlyMemory<byte> query);
}

/// <summary>Rows of one group, to read.</summary>
public interface IStateReader
{
    /// <summary>The row's value, or null where there is none.</summary>
    byte[]? Get(ReadOnlySpan<byte> key);

    /// <summary>Rows from a key on, in ascending order of their bytes; end the enumeration soon, since it holds a view of the store.</summary>
    /// <param name="from">First key; empty starts at the first row.</param>
    IEnumerable<StateRow> Scan(ReadOnlyMemory<byte> from);
}

/// <summary>Rows of one group, to read and change.</summary>
public interface IStateRows
{
    /// <summary>The row's value as of the commands so far, or null where there is none.</summary>
    byte[]? Get(ReadOnlySpan<byte> key);

    /// <summary>Stores a row. The value is kept, not copied.</summary>
    void Put(ReadOnlySpan<byte> key, byte[] value);

    /// <summary>Deletes a row, if there is one.</summary>
    void Delete(ReadOnlySpan<byte> key);
}
