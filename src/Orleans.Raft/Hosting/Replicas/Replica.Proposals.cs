using System.Runtime.InteropServices;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>Proposals: batches of commands from this and other silos, and who is to be answered when they are applied.</content>
internal sealed partial class Replica
{
    private void Propose(string? silo, ReadOnlyMemory<byte> data)
    {
        if (!TryDecode(silo, data, out var registration, out var commands))
        {
            return;
        }

        if (_soft.Role != RaftRole.Leader || _isStopping)
        {
            Refuse(silo, _isStopping ? RefusalKind.Gone : RefusalKind.NotLeader, RefusedBy(commands));
            return;
        }

        if (_settings.Store.IsFull || IsHeldUp)
        {
            Refuse(silo, RefusalKind.Busy, RefusedBy(commands));
            return;
        }

        if (registration is not null)
        {
            Register(silo, registration, data);
            return;
        }

        var fresh = Unheld(silo, commands);
        if (fresh.Count > 0 && Append(silo, fresh.Count == commands.Count ? data : CommandCodec.Encode(CollectionsMarshal.AsSpan(fresh)), fresh))
        {
            _settings.Metrics.EntryProposed(Group.Name, fresh.Count);
            foreach (var command in fresh)
            {
                Tasks.Commands[(command.Session, command.Sequence)] = silo;
            }
        }
    }

    // Decoded before it is proposed: what cannot be read must not get into the log (SAFETY-RULES B13).
    private bool TryDecode(string? silo, ReadOnlyMemory<byte> data, out SessionRegistration? registration, out List<Command> commands)
    {
        registration = null;
        commands = [];
        try
        {
            registration = CommandCodec.ReadRegistration(data);
            if (CommandCodec.Validate(data) < 0)
            {
                Drop(DropReason.NewerFormat, silo ?? _settings.Silo, "a proposal in a newer format; upgrade this silo");
                return false;
            }

            foreach (var command in CommandCodec.Read(data))
            {
                commands.Add(command);
            }

            return true;
        }
        catch (WireFormatException exception)
        {
            Drop(DropReason.Malformed, silo ?? _settings.Silo, exception.Message);
            return false;
        }
    }

    private void Register(string? silo, SessionRegistration registration, ReadOnlyMemory<byte> data)
    {
        if (_state.Sessions.TryFind(registration.Nonce, out var session))
        {
            AnswerRegistration(silo, registration.Nonce, session);
        }
        else if (!Tasks.Registrations.ContainsKey(registration.Nonce) && Append(silo, data, []))
        {
            Tasks.Registrations.Add(registration.Nonce, silo);
        }
    }

    // A command that is held already gets no second entry: its answer goes to the same silo, which alone knows the session (SAFETY-RULES B6).
    private List<Command> Unheld(string? silo, List<Command> commands)
    {
        var fresh = new List<Command>(commands.Count);
        foreach (var command in commands)
        {
            if (Tasks.Commands.ContainsKey((command.Session, command.Sequence)))
            {
                continue;
            }

            if (_state.Sessions.Judge(command.Session, command.Sequence, out var answer) == CommandVerdict.Repeat)
            {
                Answer(silo, command.Session, command.Sequence, isExpired: false, answer);
                continue;
            }

            fresh.Add(command);
        }

        return fresh;
    }

    // What this very attempt brought is not proposed by it. What an earlier attempt brought may be held here all the same, and is not among them.
    private RefusedCommands RefusedBy(List<Command> commands) =>
        RefusedCommands.Of(commands.FindAll(command => !Tasks.Commands.ContainsKey((command.Session, command.Sequence))));

    private bool Append(string? silo, ReadOnlyMemory<byte> data, List<Command> commands)
    {
        var result = _node.Propose(data, _now);
        if (result.IsAccepted)
        {
            if (_settings.Metrics.IsCommitObserved)
            {
                Tasks.Proposals.Enqueue((_node.LastIndex, _clock.Now));
            }

            return true;
        }

        Refuse(
            silo,
            result.Reason is RefusalReason.UncommittedLimit or RefusalReason.TransferInProgress ? RefusalKind.Busy : RefusalKind.NotLeader,
            RefusedCommands.Of(commands));
        return false;
    }

    private void Refuse(string? silo, RefusalKind kind, RefusedCommands refused)
    {
        var leader = _soft.Leader == Id && kind != RefusalKind.Busy ? ReplicaId.None : _soft.Leader;
        if (silo is null)
        {
            _client.OnRefused(Id, kind, leader, _softTerm, refused);
            return;
        }

        var body = ClientCodec.Encode(new RefusalBody((int)kind, leader, _softTerm, refused.Session, refused.Sequences));
        _outlet.TrySend(silo, LaneFrame.Of(Addresses(ReplicaId.None, default), LaneItemKind.Refusal, body));
    }

    private void RefuseAll(RefusalKind kind)
    {
        var silos = new HashSet<string>(StringComparer.Ordinal);
        foreach (var silo in Tasks.Commands.Values.Concat(Tasks.Registrations.Values))
        {
            silos.Add(silo ?? _settings.Silo);
        }

        Tasks.Commands.Clear();
        Tasks.Registrations.Clear();
        RefuseReads(kind);
        foreach (var silo in silos)
        {
            Refuse(string.Equals(silo, _settings.Silo, StringComparison.Ordinal) ? null : silo, kind, RefusedCommands.None);
        }
    }

    private void AnswerRegistration(string? silo, Guid nonce, long session)
    {
        if (silo is null)
        {
            _client.OnRegistered(nonce, session);
            return;
        }

        var body = ClientCodec.Encode(new AnswersBody(session, nonce, []));
        _outlet.TrySend(silo, LaneFrame.Of(Addresses(ReplicaId.None, default), LaneItemKind.Answers, body));
    }

    private void Answer(string? silo, long session, long sequence, bool isExpired, ReadOnlyMemory<byte> data)
    {
        if (silo is null)
        {
            _client.OnAnswer(session, sequence, isExpired, data);
            return;
        }

        if (!Tasks.Answers.TryGetValue(silo, out var batch))
        {
            batch = new AnswerBatch();
            Tasks.Answers.Add(silo, batch);
        }

        if (batch.Session != session && batch.Answers.Count > 0)
        {
            SendAnswers(silo, batch);
        }

        batch.Session = session;
        batch.Answers.Add(new CommandAnswer(sequence, isExpired, data));
    }

    private void SendAnswers()
    {
        if (_tasks is null)
        {
            return;
        }

        foreach (var (silo, batch) in Tasks.Answers)
        {
            if (batch.Answers.Count > 0)
            {
                SendAnswers(silo, batch);
            }
        }
    }

    private void SendAnswers(string silo, AnswerBatch batch)
    {
        var body = ClientCodec.Encode(new AnswersBody(batch.Session, default, batch.Answers.ToArray()));
        _outlet.TrySend(silo, LaneFrame.Of(Addresses(ReplicaId.None, default), LaneItemKind.Answers, body));
        batch.Answers.Clear();
    }
}
