namespace Orleans.Raft.Storage.Provider;

/// <summary>
/// The grain states of one group. A command's verdict is made here, when it is applied, from the records as the commands before it left them, so every replica
/// comes to the same one and two commands of one entry cannot both win (SAFETY-RULES A4, A13).
/// </summary>
internal sealed class GrainStateMachine(int groupIndex) : IStateMachine
{
    private readonly GrainRecords _records = new();

    /// <summary>
    /// The group's life as its ETags name it: the random number of the provider whose command was applied first. Part of the replicated state, so all replicas
    /// agree, and a group born again after its directories were wiped does not take the old life's ETags for its own.
    /// </summary>
    private ulong _incarnation;

    /// <summary>
    /// Number of groups of the provider; 0 until the first command says it, then fixed. The meta group decides it for all; should a sender still have another one,
    /// its states would end up in two groups, so it is refused.
    /// </summary>
    private ushort _groups;

    /// <summary>Number of records, tombstones included.</summary>
    internal int Count => _records.Count;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Apply(CommandPosition position, ReadOnlyMemory<byte> command)
    {
        if (command.IsEmpty || command.Span[0] > GrainCommand.Format)
        {
            // Skipping what a newer release wrote would make this replica differ from those that understand it: it must stop instead.
            throw new NotSupportedException(
                $"The command at {position} has {command.Length} bytes and format {(command.IsEmpty ? 0 : command.Span[0])}; "
                + $"this release reads formats up to {GrainCommand.Format}. Upgrade this silo.");
        }

        return (GrainCommand.TryDecode(command, out var decoded)
            ? Decide(position, decoded)
            : new GrainAnswer(GrainVerdict.Malformed, _groups, null)).Encode();
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Query(ReadOnlyMemory<byte> query) => GrainQuery.TryDecode(query, out var decoded)
        ? decoded.Kind switch
        {
            GrainQueryKind.Get => Get(decoded).Encode(),
            GrainQueryKind.List => List(decoded).Encode(),
        }
        : new GrainAnswer(GrainVerdict.Malformed, _groups, null).Encode();

    private GrainAnswer Decide(CommandPosition position, in GrainCommand command)
    {
        if (_incarnation == 0)
        {
            _incarnation = command.Operation.Process;
        }

        if (_groups == 0)
        {
            _groups = command.Groups;
        }

        if (!Owns(command.Slot, command.Groups))
        {
            return new GrainAnswer(GrainVerdict.NotOwned, _groups, null);
        }

        var key = command.Key.Span;
        var stored = _records.Find(key);
        if (!command.Expectation.Holds(stored))
        {
            return new GrainAnswer(GrainVerdict.Conflict, _groups, stored);
        }

        if (command.Kind is GrainCommandKind.Delete)
        {
            _records.Remove(key);
            return new GrainAnswer(GrainVerdict.Cleared, _groups, null);
        }

        // The command's bytes are ours during the call only, so the record takes a copy.
        var written = new GrainRecord(
            new RecordVersion(_incarnation, position.Index, position.Offset),
            command.Operation,
            Exists: command.Kind is GrainCommandKind.Write,
            command.Checksum,
            command.Payload.ToArray());
        _records.Set(key, written);
        return new GrainAnswer(written.Exists ? GrainVerdict.Written : GrainVerdict.Cleared, _groups, written);
    }

    private GrainAnswer Get(in GrainQuery query) => _groups == 0 || Owns(query.Slot, query.Groups)
        ? new GrainAnswer(GrainVerdict.Read, _groups, _records.Find(query.Key.Span))
        : new GrainAnswer(GrainVerdict.NotOwned, _groups, null);

    private bool Owns(ushort slot, ushort groups) => groups == _groups && SlotMap.GroupOf(slot, groups) == groupIndex;

    private GrainPage List(in GrainQuery query)
    {
        var page = new List<KeyedRecord>();
        long bytes = 0;
        foreach (var item in _records.After(query.Key))
        {
            if (page.Count > 0 && bytes + item.Record.Payload.Length > query.PageBytes)
            {
                return new GrainPage(page, IsLast: false);
            }

            page.Add(item);
            bytes += item.Key.Length + item.Record.Payload.Length;
        }

        return new GrainPage(page, IsLast: true);
    }
}
