using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>Applying committed entries: verdicts are made here, once, from replicated state only.</content>
internal sealed partial class Replica
{
    private void ApplyPending()
    {
        while (_applying is null && _needsUpgrade is null && (_interrupted ?? NextToApply()) is { } message)
        {
            _interrupted = null;
            var last = new EntryId(0, _applied);
            _applyingSince = _clock.Now;
            foreach (var entry in message.Entries)
            {
                // What a snapshot has brought meanwhile is not applied a second time.
                if (entry.Index > _applied)
                {
                    if (IsTooNew(entry))
                    {
                        StopBefore(entry, last.Index);
                        break;
                    }

                    Apply(entry);
                    last = entry.Id;
                    if (_mark != default)
                    {
                        // The state is looked at here: what follows is applied afterwards.
                        _markIndex = entry.Index;
                        break;
                    }
                }
            }

            _applying = message;
            var written = last.Index > _applied ? _state.CommitAsync(last, _confState) : ValueTask.CompletedTask;
            if (written.IsCompletedSuccessfully)
            {
                OnApplied(message);
            }
            else
            {
                _ = AwaitAppliedAsync(written, message);
            }
        }
    }

    private Message? NextToApply() => _toApply.TryDequeue(out var message) ? message : null;

    private async Task AwaitAppliedAsync(ValueTask written, Message message)
    {
        try
        {
            await written.ConfigureAwait(false);
            Post(new ReplicaWork(ReplicaWorkKind.Applied, Payload: message));
        }
        catch (Exception exception)
        {
            // The state store has stopped: nothing that is applied would be seen. The replica faults on its own scheduler.
            Post(new ReplicaWork(ReplicaWorkKind.WriteFailed, Payload: exception));
        }
    }

    // Rows are visible from here on: reads that waited for them are answered, and the node hears of it.
    private void OnApplied(Message message)
    {
        _applying = null;
        if (_mark != default)
        {
            _applied = Math.Max(_applied, _markIndex);
            TakeChecksum();
            _interrupted = message;
            return;
        }

        if (_needsUpgrade is not null)
        {
            // What came before the entry that is too new counts; the node is not told that the rest is applied.
            _applied = Math.Max(_applied, _markIndex);
            return;
        }

        if (message.Entries.Count > 0)
        {
            _applied = Math.Max(_applied, message.Entries[^1].Index);
            _settings.Metrics.Applied(Group.Name, _clock.Now - _applyingSince);
        }

        foreach (var response in message.Responses)
        {
            _node.Step(response, _now);
        }

        AnswerConfirmedRounds();
    }

    private void Apply(in Entry entry)
    {
        switch (entry.Type)
        {
            case EntryType.EntryNormal:
                if (entry.Data.Length > 0)
                {
                    ApplyCommands(entry);
                }

                break;
            case EntryType.EntryConfChange:
                _confState = _node.ApplyConfChange(RaftCodec.ReadConfChange(entry.Data).AsV2());
                break;
            case EntryType.EntryConfChangeV2:
                _confState = _node.ApplyConfChange(RaftCodec.ReadConfChangeV2(entry.Data));
                break;
            default:
                throw new InvalidOperationException($"{Group} replica {Id}: entry {entry.Id} is of unknown type {entry.Type}.");
        }
    }

    // The group's other silos run newer binaries and have agreed on a format that this one does not know (SAFETY-RULES B13). Nothing is broken, so this is no fault: the
    // replica votes and stores what is sent to it as before, so that the group keeps its majority, but it applies nothing more and answers no reads.
    private static bool IsTooNew(in Entry entry) =>
        entry.Type == EntryType.EntryNormal && entry.Data.Length > 0 && CommandCodec.Validate(entry.Data) < 0;

    private void StopBefore(in Entry entry, long applied)
    {
        _markIndex = applied;
        _needsUpgrade = $"must be upgraded: entry {entry.Id} has a newer format than this silo reads";
        LogNeedsUpgrade(_logger, Group, Id, _node.Term, entry.Id);
        RefuseReads(RefusalKind.Gone);
    }

    private void ApplyCommands(in Entry entry)
    {
        _mark = CommandCodec.ReadMark(entry.Data);
        if (CommandCodec.ReadRegistration(entry.Data) is { } registration)
        {
            _state.Sessions.Register(entry.Index, registration.Nonce, registration.Silo);
            if (Tasks.Registrations.Remove(registration.Nonce, out var asker) && asker is not null)
            {
                AnswerRegistration(asker, registration.Nonce, entry.Index);
            }

            _client.OnRegistered(registration.Nonce, entry.Index);
            return;
        }

        var offset = 0;
        foreach (var command in CommandCodec.Read(entry.Data))
        {
            ApplyCommand(entry, offset++, command);
        }
    }

    // Every replica will throw at the same place, again after every restart: whoever reads the fault must see which entry it was.
    private ReadOnlyMemory<byte> ApplyNew(in Entry entry, int offset, ReadOnlyMemory<byte> payload)
    {
        try
        {
            return _state.Apply(new CommandPosition(entry.Term, entry.Index, offset), payload);
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"{Group} replica {Id}: the state machine threw on command {offset} of entry {entry.Id}, and will on every replica.", exception);
        }
    }

    private void ApplyCommand(in Entry entry, int offset, in Command command)
    {
        var verdict = _state.Sessions.Judge(command.Session, command.Sequence, out var answer);
        if (verdict == CommandVerdict.New)
        {
            answer = ApplyNew(entry, offset, command.Payload);
            _state.Sessions.Answer(command.Session, command.Sequence, answer);
        }

        _state.Sessions.Advance(command.Session, command.LowWater, entry.Index);
        var isExpired = verdict == CommandVerdict.Expired;
        if (Tasks.Commands.Remove((command.Session, command.Sequence), out var silo) && silo is not null)
        {
            Answer(silo, command.Session, command.Sequence, isExpired, answer);
        }
        else
        {
            // Whichever replica applies it first on the asker's own silo may answer: the verdict is the group's.
            _client.OnAnswer(command.Session, command.Sequence, isExpired, answer);
        }
    }
}
