using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>Sending commands, and what becomes of those that get no answer.</content>
internal sealed partial class GroupClient
{
    private void Flush()
    {
        lock (_gate)
        {
            _isFlushPosted = false;
            FlushReads_NeedsGate();
            var now = _clock.Now;
            if (_queue.Count == 0 || now < _notBefore)
            {
                return;
            }

            if (_session == 0)
            {
                Register_NeedsGate(now);
                return;
            }

            while (_queue.Count > 0 && _batches.Count < _settings.MaxBatches)
            {
                if (!TrySendBatch_NeedsGate(now))
                {
                    return;
                }
            }
        }
    }

    private void Register_NeedsGate(TimeSpan now)
    {
        if (now < _registerAgainAt)
        {
            return;
        }

        if (_nonce == default)
        {
            _nonce = Guid.NewGuid();
        }

        var target = Target_NeedsGate();
        var body = CommandCodec.Encode(new SessionRegistration(_nonce, _settings.Silo));
        if (!_routes.TrySend(target, LaneItemKind.Propose, 0, body))
        {
            ForgetLeader_NeedsGate();
            return;
        }

        _registerAgainAt = now + _settings.ResendAfter;
    }

    private bool TrySendBatch_NeedsGate(TimeSpan now)
    {
        var target = Target_NeedsGate();
        var batch = new SentBatch(target, _leaderTerm);
        var bytes = 0;
        var attempts = 0;
        while (_queue.First is { } node && batch.Commands.Count < _settings.MaxBatchCommands)
        {
            if (batch.Commands.Count > 0 && bytes + node.Value.Data.Length > _settings.MaxBatchBytes)
            {
                break;
            }

            _queue.RemoveFirst();
            Number_NeedsGate(node.Value);
            batch.Commands.Add(node.Value);
            bytes += node.Value.Data.Length;
            attempts = Math.Max(attempts, node.Value.Attempts);
        }

        AdvanceLowWater_NeedsGate();
        var commands = new Command[batch.Commands.Count];
        for (var i = 0; i < commands.Length; i++)
        {
            commands[i] = new Command(_session, batch.Commands[i].Sequence, _lowWater, batch.Commands[i].Data);
        }

        if (target.IsNone || !_routes.TrySend(target, LaneItemKind.Propose, 0, CommandCodec.Encode(commands)))
        {
            PutBack_NeedsGate(batch.Commands);
            ForgetLeader_NeedsGate();
            return false;
        }

        foreach (var command in batch.Commands)
        {
            command.Attempts++;
            command.Batch = batch;
        }

        batch.Open = batch.Commands.Count;
        batch.ResendAt = now + (_settings.ResendAfter * (1 << Math.Min(attempts, 4)));
        _batches.Add(batch);
        return true;
    }

    private void Number_NeedsGate(PendingCommand command)
    {
        if (command.Sequence == 0)
        {
            command.Sequence = _nextSequence++;
            _numbered.Add(command.Sequence, command);
        }
    }

    private void AdvanceLowWater_NeedsGate()
    {
        while (_lowWater < _nextSequence && !_numbered.ContainsKey(_lowWater))
        {
            _lowWater++;
        }
    }

    // An attempt that a replica says it never proposed leaves nothing open (SAFETY-RULES C4).
    private void CountRefusals_NeedsGate(RefusedCommands refused)
    {
        if (refused.Session != _session)
        {
            return;
        }

        foreach (var sequence in refused.Sequences)
        {
            if (_numbered.TryGetValue(sequence, out var command) && command.OpenAttempts > 0)
            {
                command.Refusals++;
            }
        }
    }

    private void Requeue_NeedsGate(SentBatch batch)
    {
        _batches.Remove(batch);
        var open = batch.Commands.FindAll(command => command.Batch == batch);
        PutBack_NeedsGate(open);
        if (open.Count > 0)
        {
            PostFlush_NeedsGate();
        }
    }

    private void PutBack_NeedsGate(List<PendingCommand> commands)
    {
        for (var i = commands.Count - 1; i >= 0; i--)
        {
            commands[i].Batch = null;
            if (!commands[i].IsFinished)
            {
                _queue.AddFirst(commands[i]);
            }
        }
    }

    // The command's batch has one command less to wait for.
    private void Settle_NeedsGate(PendingCommand command)
    {
        if (command.Batch is { } batch)
        {
            command.Batch = null;
            if (--batch.Open == 0)
            {
                _batches.Remove(batch);
            }
        }
        else
        {
            // Answered while it waited to be sent again.
            _queue.Remove(command);
        }
    }

    private void Finish_NeedsGate(PendingCommand command, string outcome)
    {
        command.IsFinished = true;
        _waiting--;
        _settings.Metrics.Proposed(_group.Name, outcome, _clock.Now - command.Deadline + _settings.Budget);
    }

    private void OnExpired_NeedsGate(PendingCommand command)
    {
        if (command.OpenAttempts <= 1)
        {
            // Its only attempt was judged, and the judgement was no: it can safely be done under a new session.
            command.Sequence = 0;
            command.Attempts = command.Refusals = 0;
            _queue.AddFirst(command);
            RenewSession_NeedsGate();
            return;
        }

        Finish_NeedsGate(command, "unknown");
        command.Answer.TrySetException(Unknown(command, "the group no longer remembers it"));
    }

    // The group has forgotten the session. Commands that were sent under it and are unanswered will be told so one by one.
    private void RenewSession_NeedsGate()
    {
        foreach (var other in _numbered.Values)
        {
            Settle_NeedsGate(other);
            if (other.OpenAttempts == 0)
            {
                other.Sequence = 0;
                other.Attempts = other.Refusals = 0;
                _queue.AddLast(other);
                continue;
            }

            Finish_NeedsGate(other, "unknown");
            other.Answer.TrySetException(Unknown(other, "the group has dropped this silo's session"));
        }

        _numbered.Clear();
        _session = 0;
        _nonce = default;
        _nextSequence = 1;
        _lowWater = 1;
    }

    private void ExpireCommands_NeedsGate(TimeSpan now)
    {
        while (_byDeadline.TryPeek(out var command) && (command.IsFinished || now >= command.Deadline))
        {
            _byDeadline.Dequeue();
            if (command.IsFinished)
            {
                continue;
            }

            Abandon_NeedsGate(command, command.OpenAttempts == 0 ? "unavailable" : "unknown");
            command.Answer.TrySetException(command.OpenAttempts == 0
                ? new RaftUnavailableException($"{_group}: no leader took the command within {_settings.Budget}; it was not done. Is a majority of the group's silos running? {DescribeTarget_NeedsGate()}")
                : Unknown(command, $"no answer came within {_settings.Budget}"));
        }
    }

    private void Abandon_NeedsGate(PendingCommand command, string outcome)
    {
        Settle_NeedsGate(command);
        _numbered.Remove(command.Sequence);
        Finish_NeedsGate(command, outcome);
    }

    private string DescribeTarget_NeedsGate() =>
        _leader.IsNone ? $"No leader is known (term {_leaderTerm})." : $"Replica {_leader} is believed to lead term {_leaderTerm}.";

    private OutcomeUnknownException Unknown(PendingCommand command, string why) => new(
        $"{_group}: the command, session {_session} sequence {command.Sequence}, was sent {command.Attempts} time(s) and {why}. "
        + "It may have been done, or may yet be; read before you repeat it.");

    private async Task<ReadOnlyMemory<byte>> WithCancellationAsync(PendingCommand command, CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                var (client, command) = ((GroupClient, PendingCommand))state!;
                client.Cancel(command, token);
            },
            (this, command));
        return await command.Answer.Task;
    }

    private void Cancel(PendingCommand command, CancellationToken token)
    {
        lock (_gate)
        {
            if (command.IsFinished)
            {
                return;
            }

            Abandon_NeedsGate(command, "cancelled");
        }

        // Like any cancelled write: if it was sent already it may be done all the same.
        command.Answer.TrySetCanceled(token);
    }

    private sealed class PendingCommand(ReadOnlyMemory<byte> data, TimeSpan deadline)
    {
        public ReadOnlyMemory<byte> Data { get; } = data;

        public TimeSpan Deadline { get; } = deadline;

        public TaskCompletionSource<ReadOnlyMemory<byte>> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Number within the session; 0 before it was first sent.</summary>
        public long Sequence { get; set; }

        public int Attempts { get; set; }

        /// <summary>Attempts of which a replica has said that it never proposed them.</summary>
        public int Refusals { get; set; }

        /// <summary>Attempts that may have been proposed.</summary>
        public int OpenAttempts => Attempts - Refusals;

        /// <summary>The batch it is under way in; null while it waits.</summary>
        public SentBatch? Batch { get; set; }

        public bool IsFinished { get; set; }
    }

    private sealed class SentBatch(ReplicaId to, long term)
    {
        public ReplicaId To { get; } = to;

        public long Term { get; } = term;

        public List<PendingCommand> Commands { get; } = [];

        /// <summary>Commands without an answer.</summary>
        public int Open { get; set; }

        public TimeSpan ResendAt { get; set; }
    }
}
