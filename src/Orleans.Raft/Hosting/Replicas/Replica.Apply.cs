using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>Applying committed entries: verdicts are made here, once, from replicated state only.</content>
internal sealed partial class Replica
{
    private void ApplyPending()
    {
        foreach (var message in _toApply)
        {
            foreach (var entry in message.Entries)
            {
                Apply(entry);
                _applied = entry.Index;
            }

            foreach (var response in message.Responses)
            {
                _node.Step(response, _now);
            }
        }

        if (_toApply.Count > 0)
        {
            _toApply.Clear();
            AnswerConfirmedRounds();
        }
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
                _unstoredConfState = _node.ApplyConfChange(RaftCodec.ReadConfChange(entry.Data).AsV2());
                break;
            case EntryType.EntryConfChangeV2:
                _unstoredConfState = _node.ApplyConfChange(RaftCodec.ReadConfChangeV2(entry.Data));
                break;
            default:
                throw new InvalidOperationException($"{Group} replica {Id}: entry {entry.Id} is of unknown type {entry.Type}.");
        }
    }

    private void ApplyCommands(in Entry entry)
    {
        if (CommandCodec.Validate(entry.Data) < 0)
        {
            throw new InvalidOperationException($"{Group} replica {Id}: entry {entry.Id} has a newer format than this silo reads. Upgrade it.");
        }

        if (CommandCodec.ReadRegistration(entry.Data) is { } registration)
        {
            _sessions.Register(entry.Index, registration.Nonce, registration.Silo);
            if (_pendingRegistrations.Remove(registration.Nonce, out var asker) && asker is not null)
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

    private void ApplyCommand(in Entry entry, int offset, in Command command)
    {
        var verdict = _sessions.Judge(command.Session, command.Sequence, out var answer);
        if (verdict == CommandVerdict.New)
        {
            answer = _settings.StateMachine.Apply(new CommandPosition(entry.Term, entry.Index, offset), command.Payload);
            _sessions.Answer(command.Session, command.Sequence, answer);
        }

        _sessions.Advance(command.Session, command.LowWater, entry.Index);
        var isExpired = verdict == CommandVerdict.Expired;
        if (_pendingCommands.Remove((command.Session, command.Sequence), out var silo) && silo is not null)
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
