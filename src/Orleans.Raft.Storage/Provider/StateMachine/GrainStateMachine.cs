using Orleans.Raft.Hosting;

namespace Orleans.Raft.Storage.Provider;

/// <summary>
/// The grain states of one group, as rows. A command's verdict is made here, when it is applied, from the rows as the commands before it left them, so every replica
/// comes to the same one and two commands of one entry cannot both win (SAFETY-RULES A4, A13).
/// </summary>
internal sealed class GrainStateMachine(GroupBirth birth) : IStoredStateMachine
{
    private readonly GroupFacts _birth = GroupFacts.AtBirth(birth);

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Apply(IStateRows rows, CommandPosition position, ReadOnlyMemory<byte> command)
    {
        if (command.IsEmpty || command.Span[0] > GrainCommand.Format)
        {
            // Skipping what a newer release wrote would make this replica differ from those that understand it: it must stop instead.
            throw new NotSupportedException(
                $"The command at {position} has {command.Length} bytes and format {(command.IsEmpty ? 0 : command.Span[0])}; "
                + $"this release reads formats up to {GrainCommand.Format}. Upgrade this silo.");
        }

        return (GrainCommand.TryDecode(command, out var decoded)
            ? Decide(rows, position, decoded)
            : new GrainAnswer(GrainVerdict.Malformed, _birth.Groups, null)).Encode();
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Query(IStateReader rows, ReadOnlyMemory<byte> query) => GrainQuery.TryDecode(query, out var decoded)
        ? decoded.Kind switch
        {
            GrainQueryKind.Get => Get(rows, decoded).Encode(),
            GrainQueryKind.List => List(rows, decoded).Encode(),
            GrainQueryKind.Export => Export((GenerationRows)rows, decoded).Encode(),
        }
        : new GrainAnswer(GrainVerdict.Malformed, _birth.Groups, null).Encode();

    /// <summary>The record that a query asks for, as the rows have it.</summary>
    public GrainAnswer Get(IStateReader rows, in GrainQuery query)
    {
        var facts = FactsOf(rows);
        if (!facts.Owns(query.Slot) || query.Groups != facts.Groups)
        {
            return new GrainAnswer(GrainVerdict.NotOwned, facts.Groups, null);
        }

        return new GrainAnswer(
            GrainVerdict.Read, facts.Groups, rows.Get(RecordRow.KeyOf(query.Key.Span)) is { } row ? RecordRow.Decode(row) : null);
    }

    private GrainAnswer Decide(IStateRows rows, CommandPosition position, in GrainCommand command)
    {
        var facts = FactsOf(rows);
        if (!facts.Owns(command.Slot) || command.Groups != facts.Groups)
        {
            return new GrainAnswer(GrainVerdict.NotOwned, facts.Groups, null);
        }

        var key = RecordRow.KeyOf(command.Key.Span);
        GrainRecord? stored = rows.Get(key) is { } row ? RecordRow.Decode(row) : null;
        if (!command.Expectation.Holds(stored))
        {
            return new GrainAnswer(GrainVerdict.Conflict, facts.Groups, stored);
        }

        if (command.Kind is GrainCommandKind.Delete)
        {
            rows.Delete(key);
            return new GrainAnswer(GrainVerdict.Cleared, facts.Groups, null);
        }

        var written = new GrainRecord(
            new RecordVersion(facts.Incarnation, position.Index, position.Offset),
            command.Operation,
            Exists: command.Kind is GrainCommandKind.Write,
            command.Checksum,
            command.Payload);
        rows.Put(key, RecordRow.Encode(written));
        return new GrainAnswer(written.Exists ? GrainVerdict.Written : GrainVerdict.Cleared, facts.Groups, written);
    }

    // The first command makes them a part of the state; what moves slots later changes that row and no option.
    private GroupFacts FactsOf(IStateRows rows)
    {
        if (rows.Get(RecordRow.FactsKey) is { } row)
        {
            return GroupFacts.Decode(row);
        }

        rows.Put(RecordRow.FactsKey, _birth.Encode());
        return _birth;
    }

    private GroupFacts FactsOf(IStateReader rows) => rows.Get(RecordRow.FactsKey) is { } row ? GroupFacts.Decode(row) : _birth;

    private static ExportPage Export(GenerationRows rows, in GrainQuery query)
    {
        if (query.PageBytes == 0)
        {
            rows.Views.Close(query.View);
            return ExportPage.Closed(query.View);
        }

        return ExportPage.Read(query.View == Guid.Empty ? rows.HoldView() : rows.Views.Find(query.View), query);
    }

    private static GrainPage List(IStateReader rows, in GrainQuery query)
    {
        var page = new List<KeyedRecord>();
        long bytes = 0;
        foreach (var row in rows.Scan(RecordRow.KeyOf(query.Key.Span)))
        {
            if (!RecordRow.IsRecord(row.Key))
            {
                break;
            }

            var key = RecordRow.RecordKeyOf(row.Key);
            if (RecordRow.Decode(row.Value) is not { Exists: true } record || key.Span.SequenceEqual(query.Key.Span))
            {
                continue;
            }

            if (page.Count > 0 && bytes + record.Payload.Length > query.PageBytes)
            {
                return new GrainPage(page, IsLast: false);
            }

            page.Add(new KeyedRecord(key, record));
            bytes += key.Length + record.Payload.Length;
        }

        return new GrainPage(page, IsLast: true);
    }
}
